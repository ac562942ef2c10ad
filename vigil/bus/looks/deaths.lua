-- KEYS: look, deaths, lease of each. ARGV: seconds deaths are remembered, how many live, those who
-- live; epoch of each. Returns for each the count of its deaths, and the digests of the killers.
local alive = {}
for i = 1, tonumber(ARGV[2]) do
  alive[ARGV[2 + i]] = true
end
local told = {}
for i = 1, #KEYS / 3 do
  local look, deaths, lease = KEYS[3 * i - 2], KEYS[3 * i - 1], KEYS[3 * i]
  local epoch = ARGV[2 + tonumber(ARGV[2]) + i]
  local note = redis.call('HMGET', look, 'member', 'digest')
  if note[1] and not alive[note[1]] and redis.call('HGET', lease, 'epoch') == epoch then
    redis.call('HINCRBY', deaths, 'count', 1)
    redis.call('HSET', deaths, 'killer:' .. note[2], 1)
    redis.call('EXPIRE', deaths, ARGV[1])
    redis.call('DEL', look)
  end
  told[i] = redis.call('HGETALL', deaths)
end
return told
