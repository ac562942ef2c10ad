-- KEYS: leases. ARGV: epoch of each. Returns 1 for each. The epoch stays: the next one is greater.
local now = string.format('%.0f', now_ms())
local done = {}
for i, key in ipairs(KEYS) do
  if redis.call('HGET', key, 'epoch') == ARGV[i] then
    redis.call('HSET', key, 'holder', '', 'heir', '', 'until_ms', now)
  end
  done[i] = 1
end
return done
