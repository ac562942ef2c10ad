-- KEYS: lease. ARGV: epoch, ttl in ms, seconds the epoch is remembered. Returns 1, or 0 when lost.
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then
  return 0
end
if redis.call('HGET', KEYS[1], 'holder') == '' then
  return 0
end
redis.call('HSET', KEYS[1], 'until_ms', string.format('%.0f', now_ms() + tonumber(ARGV[2])))
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
