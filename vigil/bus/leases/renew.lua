-- KEYS: leases. ARGV: ttl in ms, seconds an epoch is remembered; epoch and heir or '' of each.
-- Returns for each 1, or 0 when lost.
local until_ms = string.format('%.0f', now_ms() + tonumber(ARGV[1]))
local renewed = {}
for i, key in ipairs(KEYS) do
  local lease = redis.call('HMGET', key, 'holder', 'epoch')
  if lease[2] ~= ARGV[1 + 2 * i] or lease[1] == '' then
    renewed[i] = 0
  else
    redis.call('HSET', key, 'until_ms', until_ms, 'heir', ARGV[2 + 2 * i])
    redis.call('EXPIRE', key, ARGV[2])
    renewed[i] = 1
  end
end
return renewed
