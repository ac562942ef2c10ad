-- A fenced UNLINK. KEYS: lease, targets ... ARGV: epoch.
local refusal = fenced(KEYS[1], ARGV[1])
if refusal then
  return refusal
end
for target = 2, #KEYS do
  redis.call('UNLINK', KEYS[target])
end
return 1
