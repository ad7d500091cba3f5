BEGIN TRANSACTION;
CREATE TABLE calls (
	id VARCHAR(32) NOT NULL, 
	summary_id VARCHAR(32) NOT NULL, 
	number INTEGER NOT NULL, 
	event VARCHAR(20) NOT NULL, 
	body TEXT NOT NULL, 
	tries INTEGER NOT NULL, 
	due VARCHAR(32), 
	error TEXT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(summary_id) REFERENCES summaries (id)
);
INSERT INTO "calls" VALUES('c4b7620384e1444792ae1eea417dcaf5','3f5a432ce24042008063b23ed834f9df',3,'approved','{"event":"approved","summary":{"id":"3f5a432ce24042008063b23ed834f9df","article_id":"story-1","status":"approved","revision":3,"created":"2026-11-28T13:27:19.988+00:00","changed":"2026-11-28T13:27:21.226+00:00","changed_by":"ann","disclosure":"Checked by ann.","software":"newsroom-summarizer 0.8.0","model":{"name":"base","version":"e7466eda5b87"},"options":{"bullets":"auto","length":"brief","policy":"checked","min_confidence":null},"title":"Council votes to keep the baths","text":"The council voted on Monday to keep the baths on Marl Lane open, ending a fight of four years.\n\nRepairs will cost 2.9 million pounds, of which the county pays 1.1 million. Ann Roe, who leads the council, said the roof would be mended by May.\n\nThe baths were built in 1934. About 41,000 people swam there last year, the council said.\n\nA pool company had offered 6 million pounds for the land. The council refused the offer in March.","language":"en","warnings":[],"bullets":[{"id":"b1","text":"The council voted on Monday to keep the baths.","score":0.0,"method":"edited","sources":[{"start":0,"end":94,"text":"The council voted on Monday to keep the baths on Marl Lane open, ending a fight of four years."}],"checks":[{"kind":"date","passed":true,"evidence":"''Monday'' is in the article"},{"kind":"words","passed":true,"evidence":"nothing found"},{"kind":"alone","passed":true,"evidence":"nothing found"},{"kind":"verifier","passed":false,"evidence":"an editor would print it: 8%; leaning most probably"}],"draft":"The council voted on Monday to keep the baths on Marl Lane open, ending a fight of four years.","reason":"leaning"}],"removed":[{"id":"b2","text":"Repairs will cost 2.9 million pounds, of which the county pays 1.1 million.","sources":[{"start":96,"end":171,"text":"Repairs will cost 2.9 million pounds, of which the county pays 1.1 million."}]},{"id":"b3","text":"About 41,000 people swam there last year, the council said.","sources":[{"start":273,"end":332,"text":"About 41,000 people swam there last year, the council said."}]}]}}',0,'2026-11-28T13:27:21.226+00:00',NULL);
CREATE TABLE keys (
	name VARCHAR(100) NOT NULL, 
	secret VARCHAR(64) NOT NULL, 
	scopes VARCHAR(100) NOT NULL, 
	created VARCHAR(32) NOT NULL, 
	PRIMARY KEY (name), 
	UNIQUE (secret)
);
INSERT INTO "keys" VALUES('cms','1cdec41d322356a50e7430b15d5bdb654ee8cd84c28fa62e18f6a292cf031091','draft read','2026-11-28T13:27:21.649+00:00');
CREATE TABLE meta (
	name VARCHAR(40) NOT NULL, 
	value TEXT, 
	PRIMARY KEY (name)
);
INSERT INTO "meta" VALUES('schema','1');
CREATE TABLE revisions (
	summary_id VARCHAR(32) NOT NULL, 
	number INTEGER NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	who VARCHAR(100) NOT NULL, 
	action VARCHAR(10) NOT NULL, 
	status VARCHAR(10) NOT NULL, 
	note TEXT, 
	disclosure TEXT, 
	bullets TEXT NOT NULL, 
	removed TEXT NOT NULL, 
	PRIMARY KEY (summary_id, number), 
	FOREIGN KEY(summary_id) REFERENCES summaries (id)
);
INSERT INTO "revisions" VALUES('3f5a432ce24042008063b23ed834f9df',1,'2026-11-28T13:27:19.988+00:00','key cms','drafted','draft',NULL,NULL,'[{"id":"b1","draft":"The council voted on Monday to keep the baths on Marl Lane open, ending a fight of four years.","text":"The council voted on Monday to keep the baths on Marl Lane open, ending a fight of four years.","score":0.5243,"method":"rewritten","sources":[{"start":0,"end":94,"text":"The council voted on Monday to keep the baths on Marl Lane open, ending a fight of four years."}],"checks":[{"kind":"number","passed":true,"evidence":"''four'' is in the sources"},{"kind":"date","passed":true,"evidence":"''Monday'' is in the sources"},{"kind":"name","passed":true,"evidence":"''Marl Lane'' is in the sources"},{"kind":"words","passed":true,"evidence":"nothing found"},{"kind":"alone","passed":true,"evidence":"nothing found"},{"kind":"verifier","passed":true,"evidence":"an editor would print it: 74%"}]},{"id":"b2","draft":"Repairs will cost 2.9 million pounds, of which the county pays 1.1 million.","text":"Repairs will cost 2.9 million pounds, of which the county pays 1.1 million.","score":0.4803,"method":"extracted","sources":[{"start":96,"end":171,"text":"Repairs will cost 2.9 million pounds, of which the county pays 1.1 million."}],"checks":[]},{"id":"b3","draft":"About 41,000 people swam there last year, the council said.","text":"About 41,000 people swam there last year, the council said.","score":0.4302,"method":"extracted","sources":[{"start":273,"end":332,"text":"About 41,000 people swam there last year, the council said."}],"checks":[]}]','[]');
INSERT INTO "revisions" VALUES('2622464f913a4699b766a46bb051e233',1,'2026-11-28T13:27:21.127+00:00','key cms','drafted','draft',NULL,NULL,'[{"id":"b1","draft":"The council voted on Monday to keep the baths on Marl Lane open, ending a fight of four years.","text":"The council voted on Monday to keep the baths on Marl Lane open, ending a fight of four years.","score":0.5243,"method":"rewritten","sources":[{"start":0,"end":94,"text":"The council voted on Monday to keep the baths on Marl Lane open, ending a fight of four years."}],"checks":[{"kind":"number","passed":true,"evidence":"''four'' is in the sources"},{"kind":"date","passed":true,"evidence":"''Monday'' is in the sources"},{"kind":"name","passed":true,"evidence":"''Marl Lane'' is in the sources"},{"kind":"words","passed":true,"evidence":"nothing found"},{"kind":"alone","passed":true,"evidence":"nothing found"},{"kind":"verifier","passed":true,"evidence":"an editor would print it: 74%"}]},{"id":"b2","draft":"Repairs will cost 2.9 million pounds, of which the county pays 1.1 million.","text":"Repairs will cost 2.9 million pounds, of which the county pays 1.1 million.","score":0.4805,"method":"extracted","sources":[{"start":96,"end":171,"text":"Repairs will cost 2.9 million pounds, of which the county pays 1.1 million."}],"checks":[]},{"id":"b3","draft":"The council refused the offer in March.","text":"The council refused the offer in March.","score":0.4508,"method":"extracted","sources":[{"start":392,"end":431,"text":"The council refused the offer in March."}],"checks":[]}]','[]');
INSERT INTO "revisions" VALUES('3f5a432ce24042008063b23ed834f9df',2,'2026-11-28T13:27:21.208+00:00','ann','revised','draft',NULL,NULL,'[{"id":"b1","text":"The council voted on Monday to keep the baths.","score":0.0,"method":"edited","sources":[{"start":0,"end":94,"text":"The council voted on Monday to keep the baths on Marl Lane open, ending a fight of four years."}],"checks":[{"kind":"date","passed":true,"evidence":"''Monday'' is in the article"},{"kind":"words","passed":true,"evidence":"nothing found"},{"kind":"alone","passed":true,"evidence":"nothing found"},{"kind":"verifier","passed":false,"evidence":"an editor would print it: 8%; leaning most probably"}],"draft":"The council voted on Monday to keep the baths on Marl Lane open, ending a fight of four years.","reason":"leaning"}]','[{"id":"b2","text":"Repairs will cost 2.9 million pounds, of which the county pays 1.1 million.","sources":[{"start":96,"end":171,"text":"Repairs will cost 2.9 million pounds, of which the county pays 1.1 million."}]},{"id":"b3","text":"About 41,000 people swam there last year, the council said.","sources":[{"start":273,"end":332,"text":"About 41,000 people swam there last year, the council said."}]}]');
INSERT INTO "revisions" VALUES('3f5a432ce24042008063b23ed834f9df',3,'2026-11-28T13:27:21.226+00:00','ann','approved','approved',NULL,'Checked by ann.','[{"id":"b1","text":"The council voted on Monday to keep the baths.","score":0.0,"method":"edited","sources":[{"start":0,"end":94,"text":"The council voted on Monday to keep the baths on Marl Lane open, ending a fight of four years."}],"checks":[{"kind":"date","passed":true,"evidence":"''Monday'' is in the article"},{"kind":"words","passed":true,"evidence":"nothing found"},{"kind":"alone","passed":true,"evidence":"nothing found"},{"kind":"verifier","passed":false,"evidence":"an editor would print it: 8%; leaning most probably"}],"draft":"The council voted on Monday to keep the baths on Marl Lane open, ending a fight of four years.","reason":"leaning"}]','[{"id":"b2","text":"Repairs will cost 2.9 million pounds, of which the county pays 1.1 million.","sources":[{"start":96,"end":171,"text":"Repairs will cost 2.9 million pounds, of which the county pays 1.1 million."}]},{"id":"b3","text":"About 41,000 people swam there last year, the council said.","sources":[{"start":273,"end":332,"text":"About 41,000 people swam there last year, the council said."}]}]');
CREATE TABLE sessions (
	token VARCHAR(64) NOT NULL, 
	user VARCHAR(100) NOT NULL, 
	csrf VARCHAR(64) NOT NULL, 
	ends VARCHAR(32) NOT NULL, 
	PRIMARY KEY (token), 
	FOREIGN KEY(user) REFERENCES users (name)
);
CREATE TABLE summaries (
	id VARCHAR(32) NOT NULL, 
	article_id VARCHAR(200) NOT NULL, 
	fingerprint VARCHAR(64) NOT NULL, 
	length VARCHAR(10) NOT NULL, 
	title TEXT, 
	status VARCHAR(10) NOT NULL, 
	revision INTEGER NOT NULL, 
	created VARCHAR(32) NOT NULL, 
	changed VARCHAR(32) NOT NULL, 
	open_by VARCHAR(100), 
	open_at VARCHAR(32), 
	open_seen VARCHAR(32), 
	record TEXT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT one_summary_an_article_text UNIQUE (article_id, fingerprint, length)
);
INSERT INTO "summaries" VALUES('3f5a432ce24042008063b23ed834f9df','story-1','e1d765c1770eb3c1913a5e568cb3926b346619845f92e8be48095fd32287570b','brief','Council votes to keep the baths','approved',3,'2026-11-28T13:27:19.988+00:00','2026-11-28T13:27:21.226+00:00',NULL,NULL,NULL,'{"disclosure":"Key points written by software from the article and held against its sentences; a draft until an editor has approved them.","software":"newsroom-summarizer 0.8.0","model":{"name":"base","version":"e7466eda5b87"},"options":{"bullets":"auto","length":"brief","policy":"checked","min_confidence":null},"title":"Council votes to keep the baths","text":"The council voted on Monday to keep the baths on Marl Lane open, ending a fight of four years.\n\nRepairs will cost 2.9 million pounds, of which the county pays 1.1 million. Ann Roe, who leads the council, said the roof would be mended by May.\n\nThe baths were built in 1934. About 41,000 people swam there last year, the council said.\n\nA pool company had offered 6 million pounds for the land. The council refused the offer in March.","language":"en","warnings":[]}');
INSERT INTO "summaries" VALUES('2622464f913a4699b766a46bb051e233','story-2','c279d36bc8ef16ce334c17aa8e50834bffb143debd870b26bb25c3561cd7528b','brief','Council votes to keep the baths','draft',1,'2026-11-28T13:27:21.127+00:00','2026-11-28T13:27:21.127+00:00',NULL,NULL,NULL,'{"disclosure":"Key points written by software from the article and held against its sentences; a draft until an editor has approved them.","software":"newsroom-summarizer 0.8.0","model":{"name":"base","version":"e7466eda5b87"},"options":{"bullets":"auto","length":"brief","policy":"checked","min_confidence":null},"title":"Council votes to keep the baths","text":"The council voted on Monday to keep the baths on Marl Lane open, ending a fight of four years.\n\nRepairs will cost 2.9 million pounds, of which the county pays 1.1 million. Ann Roe, who leads the council, said the roof would be mended by May.\n\nThe baths were built in 1934. About 41,000 people swam there last year, the council said.\n\nA pool company had offered 6 million pounds for the land. The council refused the offer in March. It rained.","language":"en","warnings":[]}');
CREATE TABLE users (
	name VARCHAR(100) NOT NULL, 
	role VARCHAR(10) NOT NULL, 
	password TEXT NOT NULL, 
	created VARCHAR(32) NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "users" VALUES('ann','admin','$argon2id$v=19$m=65536,t=3,p=4$3omNEIjCwREL+oZAViYPFg$TA00KypD04NEkRx0qZprQVdQDSmDAph3yl9lUkxZsCo','2026-11-28T13:27:21.645+00:00');
CREATE INDEX summaries_by_status ON summaries (status, created);
CREATE INDEX calls_by_due ON calls (due);
COMMIT;
