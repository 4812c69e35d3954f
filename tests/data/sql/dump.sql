--
-- PostgreSQL database dump
--

\restrict 3hXq0cVnWq7yTzZcKXo2d1bEJmB1uN8sLrPp4vGgQeHf5aTiYwRxMkCj9oUlS6D

-- Dumped from database version 15.14
-- Dumped by pg_dump version 15.14

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: total(integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.total(x integer) RETURNS integer
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT CASE
         WHEN (total.x > 0) THEN total.x
         ELSE 0
     END AS "case";
END;


--
-- Name: touch(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.touch() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
BEGIN
  EXECUTE $q$ SELECT ';' $q$; -- $1
  RETURN NEW;
END;
$_$;


SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE public.note (
    id integer NOT NULL,
    body text DEFAULT 'it''s; ok'::text
);

COMMENT ON TABLE public.note IS 'a ; b';

CREATE SEQUENCE public.note_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.note_id_seq OWNED BY public.note.id;

CREATE TABLE public."odd;name" (
    a integer
);

ALTER TABLE ONLY public.note ALTER COLUMN id SET DEFAULT nextval('public.note_id_seq'::regclass);

--
-- Data for Name: note; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.note (id, body) FROM stdin;
1	O'Brien; DROP TABLE note;
2	\N
3	/* not a comment $$ "
4	back\\slash \\. \\.
\.


--
-- Data for Name: odd;name; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public."odd;name" (a) FROM stdin;
\.


SELECT pg_catalog.setval('public.note_id_seq', 4, true);

ALTER TABLE ONLY public.note
    ADD CONSTRAINT note_pkey PRIMARY KEY (id);

CREATE RULE keep AS
    ON DELETE TO public.note DO INSTEAD ( INSERT INTO public."odd;name" (a)
  VALUES (old.id);
 SELECT 1;
);

--
-- PostgreSQL database dump complete
--

\unrestrict 3hXq0cVnWq7yTzZcKXo2d1bEJmB1uN8sLrPp4vGgQeHf5aTiYwRxMkCj9oUlS6D

