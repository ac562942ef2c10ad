-- A fenced SET with a life, that rings a bell, and removes what it makes out of date.
-- KEYS: target, lease, others to remove ... ARGV: epoch, ttl in ms, value, bell channel or '', what it rings with.
local refusal = fenced(KEYS[2], ARGV[1])
if refusal then
  return refusal
end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[2])
for other = 3, #KEYS do
  redis.call('DEL', KEYS[other])
end
if ARGV[4] ~= '' then
  redis.call('SPUBLISH', ARGV[4], ARGV[5])
end
return 1
