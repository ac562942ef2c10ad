-- Adds an explanation, and drops those that are too many or too old.
-- KEYS: explanations, lease. ARGV: epoch, explanation, how many are kept, life in s.
local refusal = fenced(KEYS[2], ARGV[1])
if refusal then
  return refusal
end
redis.call('XADD', KEYS[1], '*', 'e', ARGV[2])
redis.call('XTRIM', KEYS[1], 'MAXLEN', ARGV[3])
redis.call('XTRIM', KEYS[1], 'MINID', string.format('%.0f', now_ms() - ARGV[4] * 1000))
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
