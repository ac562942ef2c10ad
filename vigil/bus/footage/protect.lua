-- KEYS: documents of cameras. ARGV: the documents.
-- Where one of a newer revision is there it stays.
for i = 1, #KEYS do
  local known = redis.call('GET', KEYS[i])
  local revision = cjson.decode(ARGV[i])['revision']
  local ok, document = pcall(cjson.decode, known or '')
  if not (ok and document['revision'] > revision) then
    redis.call('SET', KEYS[i], ARGV[i])
  end
end
