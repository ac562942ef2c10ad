-- Fenced SETs with a life. KEYS: status and lease of each. ARGV: ttl in ms; epoch and value of each.
-- Returns for each 1, or 0 when the epoch is not the lease's.
local written = {}
for i = 1, #KEYS / 2 do
  if redis.call('HGET', KEYS[2 * i], 'epoch') == ARGV[2 * i] then
    redis.call('SET', KEYS[2 * i - 1], ARGV[2 * i + 1], 'PX', ARGV[1])
    written[i] = 1
  else
    written[i] = 0
  end
end
return written
