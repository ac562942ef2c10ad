-- KEYS: lease. ARGV: member, ttl in ms, last seen epoch, seconds the epoch is remembered.
-- Returns the new epoch, or 0 when somebody else holds it.
local lease = redis.call('HMGET', KEYS[1], 'holder', 'epoch', 'until_ms')
local now = now_ms()
local is_held = lease[1] and lease[1] ~= '' and tonumber(lease[3]) > now
if is_held and lease[1] ~= ARGV[1] then
  return 0
end
local epoch = math.max(tonumber(lease[2] or 0) + 1, tonumber(ARGV[3]) + 1, now)
redis.call('HSET', KEYS[1],
  'holder', ARGV[1], 'epoch', string.format('%.0f', epoch),
  'until_ms', string.format('%.0f', now + tonumber(ARGV[2])))
redis.call('EXPIRE', KEYS[1], ARGV[4])
return epoch
