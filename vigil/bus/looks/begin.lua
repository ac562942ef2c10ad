-- KEYS: look, lease. ARGV: epoch, member, digest, seconds the note lives.
local refusal = fenced(KEYS[2], ARGV[1])
if refusal then
  return refusal
end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'member', ARGV[2], 'digest', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
