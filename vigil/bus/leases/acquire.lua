-- KEYS: leases. ARGV: member, ttl in ms, seconds an epoch is remembered, 1 to take what is offered
-- to us, else 0; last seen epoch of each.
-- Returns for each the new epoch, or 0 when somebody else holds it.
local now = now_ms()
local epochs = {}
for i, key in ipairs(KEYS) do
  local lease = redis.call('HMGET', key, 'holder', 'epoch', 'until_ms', 'heir')
  local is_held = lease[1] and lease[1] ~= '' and tonumber(lease[3]) > now
  local is_offered = ARGV[4] == '1' and lease[4] == ARGV[1]
  if is_held and lease[1] ~= ARGV[1] and not is_offered then
    epochs[i] = 0
  else
    local epoch = math.max(tonumber(lease[2] or 0) + 1, tonumber(ARGV[4 + i]) + 1, now)
    redis.call('HSET', key,
      'holder', ARGV[1], 'epoch', string.format('%.0f', epoch), 'heir', '',
      'until_ms', string.format('%.0f', now + tonumber(ARGV[2])))
    redis.call('EXPIRE', key, ARGV[3])
    epochs[i] = epoch
  end
end
return epochs
