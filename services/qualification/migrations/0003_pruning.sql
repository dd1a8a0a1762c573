-- By which the requests of qualifications that are deleted are found.
CREATE INDEX request_by_qualification ON request (qualification_id);
