-- KEYS: lease. ARGV: epoch. The epoch stays, so that the next one is greater.
if redis.call('HGET', KEYS[1], 'epoch') == ARGV[1] then
  redis.call('HSET', KEYS[1], 'holder', '', 'until_ms', string.format('%.0f', now_ms()))
end
return 1
