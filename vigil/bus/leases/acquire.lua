-- KEYS: leases. ARGV: member, ttl in ms, seconds an epoch is remembered; last seen epoch of each.
-- Returns for each the new epoch, or 0 when somebody else holds it and has not offered it to us.
local now = now_ms()
local epochs = {}
for i, key in ipairs(KEYS) do
  local lease = redis.call('HMGET', key, 'holder', 'epoch', 'until_ms', 'heir')
  local is_held = lease[1] and lease[1] ~= '' and tonumber(lease[3]) > now
  if is_held and lease[1] ~= ARGV[1] and lease[4] ~= ARGV[1] then
    epochs[i] = 0
  else
    local epoch = math.max(tonumber(lease[2] or 0) + 1, tonumber(ARGV[3 + i]) + 1, now)
    redis.call('HSET', key,
      'holder', ARGV[1], 'epoch', string.format('%.0f', epoch), 'heir', '',
      'until_ms', string.format('%.0f', now + tonumber(ARGV[2])))
    redis.call('EXPIRE', key, ARGV[3])
    epochs[i] = epoch
  end
end
return epochs
