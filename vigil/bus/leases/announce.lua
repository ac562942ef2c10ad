-- KEYS: members, reports. ARGV: member, ttl in ms, seconds the list outlives its last member, report.
-- Returns the members that have not expired, each followed by its report.
local now = now_ms()
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[4])
local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)
for _, name in ipairs(gone) do
  redis.call('ZREM', KEYS[1], name)
  redis.call('HDEL', KEYS[2], name)
end
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('EXPIRE', KEYS[2], ARGV[3])
local told = {}
for _, name in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  told[#told + 1] = name
  told[#told + 1] = redis.call('HGET', KEYS[2], name) or ''
end
return told
