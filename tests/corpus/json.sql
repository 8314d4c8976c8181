-- JSON.

SELECT json(' {"a" : [1, 2.5, null, true, "x"] } '), json('[1]'), json('"s"'), json('1.0'), json(NULL);

SELECT json_valid('{"a":1}'), json_valid('{a}'), json_valid(''), json_valid('1');

SELECT json_extract('{"a":{"b":[1,2,{"c":"x"}]}}', '$.a.b[2].c'), json_extract('{"a":[1,2]}', '$.a'), json_extract('[1,2,3]', '$[#-1]'), json_extract('{"a":1}', '$.b'), json_extract('{"a":1,"b":2}', '$.a', '$.b');

SELECT '{"a":{"b":5}}' -> '$.a', '{"a":{"b":5}}' -> 'a' ->> 'b', '[1,"x",null]' ->> 1, '[1,"x",null]' -> 1, '[1,"x",null]' ->> 2, '{"a":true}' ->> 'a';

SELECT typeof('[1]' ->> 0), typeof('[1.0]' ->> 0), typeof('["1"]' ->> 0), typeof('[null]' ->> 0), typeof('[[]]' ->> 0), typeof('[true]' ->> 0);

SELECT json_extract('[9223372036854775807]', '$[0]'), json_extract('[9223372036854775808]', '$[0]'), json_extract('[1e400]', '$[0]'), json_extract('[-9223372036854775808]', '$[0]'), json_extract('[0.1]', '$[0]');

SELECT json_array(1, 2.5, 'x', NULL, json('{"a":1}')), json_array(), json_object('a', 1, 'b', json_array(1, 2)), json_object();

SELECT json_array('it"s', 'back\slash', 'new
line', 'ä😀', char(1)), json_quote('x'), json_quote(1.5), json_quote(NULL), json_quote(json('[1]'));

--! since 3.42.0 NULL is neither
--! want [[null]]
SELECT json_valid(NULL);

SELECT json_array(x'ff');

SELECT json_object('a');

SELECT json_object(1, 2);

SELECT json_type('{"a":[1]}'), json_type('[1]', '$[0]'), json_type('[1.5]', '$[0]'), json_type('[null]', '$[0]'), json_type('[true]', '$[0]'), json_type('["x"]', '$[0]'), json_type('[]', '$[9]');

SELECT json_array_length('[1,2,3]'), json_array_length('{}'), json_array_length('{"a":[1,2]}', '$.a');

SELECT json_insert('{"a":1}', '$.a', 2, '$.b', 3), json_replace('{"a":1}', '$.a', 2, '$.b', 3), json_set('{"a":1}', '$.a', 2, '$.b', 3), json_set('[1,2]', '$[#]', 3), json_set('{}', '$.x', json('[1]')), json_set('{}', '$.x', '[1]');

SELECT json_remove('[1,2,3]', '$[0]'), json_remove('{"a":1,"b":2}', '$.a'), json_remove('[1]', '$[5]'), json_patch('{"a":1,"b":2}', '{"a":null,"c":3}'), json_patch('{"a":{"b":1}}', '{"a":{"c":2}}');

SELECT json_extract('{"ä":"ü","a b":1,"c.d":2}', '$."a b"'), json_extract('{"ä":"ü"}', '$.ä'), json_extract('{"c.d":2}', '$."c.d"'), json_extract('["\u00e4\ud83d\ude00"]', '$[0]'), json_extract('["a\tb\\"]', '$[0]');

SELECT key, value, type, atom, id, parent, fullkey, path FROM json_each('{"a":1,"b":[1,2],"c":null}') WHERE 0;

SELECT key, value, type, atom, fullkey, path FROM json_each('{"a":1,"b":[1,2],"c":null,"d":"x","e":1.5,"f":true}');

SELECT key, value, type, atom, fullkey, path FROM json_tree('{"a":[1,{"b":2}]}');

SELECT value FROM json_each('[3,1,2]') ORDER BY value;

SELECT key, value FROM json_each('{"a":{"b":[5,6]}}', '$.a.b');

SELECT json_group_array(value), json_group_object(key, value) FROM json_each('{"x":1,"y":"z"}');

CREATE TABLE events(id INTEGER PRIMARY KEY, data TEXT CHECK (json_valid(data)), kind AS (data ->> '$.kind') STORED);

INSERT INTO events(data) VALUES ('{"kind":"a","tags":["x","y"],"n":1}'), ('{"kind":"b","tags":[],"n":2.5}'), ('{"tags":["y"]}') RETURNING id, kind;

INSERT INTO events(data) VALUES ('{bad');

CREATE INDEX events_n ON events(data ->> 'n');

SELECT id, data ->> 'n' FROM events WHERE data ->> 'n' > 1;

SELECT events.id, t.value FROM events, json_each(data, '$.tags') AS t ORDER BY 1, 2;

UPDATE events SET data = json_set(data, '$.n', coalesce(data ->> 'n', 0) + 1, '$.seen', json('true')) RETURNING data;

SELECT kind, json_group_array(id) FROM events GROUP BY kind ORDER BY kind;

SELECT json('{a}');

SELECT json('');

--! since 3.45.0 another text
--! want error bad JSON path: 'a'
SELECT json_extract('{"a":1}', 'a');

--! since 3.45.0 another text
--! want error bad JSON path: '$.'
SELECT json_extract('{"a":1}', '$.');

SELECT json_extract('x', '$');

SELECT json_set('{}', '$.a');

--! since 3.42.0 JSON5
--! want [["{\"a\":1,\"b\":[1,255]}",1]]
SELECT json('{a:1, b:[+1,0xff,], /* note */}'), json_valid('{a:1}', 2);

--! since 3.45.0 JSONB
--! want [["blob","[1,{\"a\":2}]",2]]
SELECT typeof(jsonb('[1,{"a":2}]')), json(jsonb('[1,{"a":2}]')), jsonb('[1,{"a":2}]') ->> '$[1].a';

--! since 3.46.0 json_pretty
--! want [["{\n    \"a\": [\n        1\n    ]\n}"]]
SELECT json_pretty('{"a":[1]}');

--! since 3.42.0 json_error_position
--! want [[0,3]]
SELECT json_error_position('[1]'), json_error_position('{[');
