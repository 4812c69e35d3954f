COMMENT ON TABLE t IS 'x';
SET LOCAL lock_timeout = 1;
BEGIN;
