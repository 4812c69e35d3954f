-- A dump as pg_dump 16 writes it.
\restrict 0Kh5bVuPzkLxYqQeD4wTjXo9

--
-- PostgreSQL database dump
--



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
-- Name: mood; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.mood AS ENUM (
    'sad',
    'it''s ok',
    'a;b'
);


--
-- Name: positive; Type: DOMAIN; Schema: public; Owner: -
--

CREATE DOMAIN public.positive AS integer
	CONSTRAINT positive_check CHECK ((VALUE > 0));


--
-- Name: plus(integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.plus(a integer) RETURNS integer
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT (a + 1);
 SELECT (a + 2);
END;


--
-- Name: touch(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.touch() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
BEGIN
  NEW.name := NEW.name || '; COMMIT;'; -- $$ :USER
  RETURN NEW;
END $_$;


--
-- Name: counter; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.counter
    START WITH 5
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


SET default_tablespace = '';

--
-- Name: event; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.event (
    at date NOT NULL,
    what text
)
PARTITION BY RANGE (at);


SET default_table_access_method = heap;

--
-- Name: event_2026; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.event_2026 (
    at date NOT NULL,
    what text
);


--
-- Name: person; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.person (
    id integer NOT NULL,
    name text DEFAULT 'it''s; "x"'::text NOT NULL,
    mood public.mood,
    boss integer,
    tags text[] DEFAULT '{}'::text[],
    age public.positive,
    full_name text GENERATED ALWAYS AS ((name || '!'::text)) STORED
);


--
-- Name: TABLE person; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.person IS 'semi;colon -- and $$';


--
-- Name: moods; Type: MATERIALIZED VIEW; Schema: public; Owner: -
--

CREATE MATERIALIZED VIEW public.moods AS
 SELECT person.mood,
    count(*) AS count
   FROM public.person
  GROUP BY person.mood
  WITH NO DATA;


--
-- Name: person_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.person ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.person_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: sad_person; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.sad_person AS
 SELECT person.id,
    person.name
   FROM public.person
  WHERE (person.mood = 'sad'::public.mood);


--
-- Name: event_2026; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.event ATTACH PARTITION public.event_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');


--
-- Data for Name: event_2026; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.event_2026 (at, what) FROM stdin;
2026-11-21	ends with \\.
2026-11-22	tab\tnewline\n; DROP TABLE person; --
\.


--
-- Data for Name: person; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.person (id, name, mood, boss, tags, age) FROM stdin;
1	o'Neil\\ \t\n	a;b	\N	{x,"y z"}	3
2	日本	\N	1	\N	\N
3	\\.	sad	1	{}	7
4	"quoted" $$ $1	it's ok	2	{a;b}	1
\.


--
-- Name: counter; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.counter', 5, false);


--
-- Name: person_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.person_id_seq', 4, true);


--
-- Name: person person_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.person
    ADD CONSTRAINT person_pkey PRIMARY KEY (id);


--
-- Name: person_name; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX person_name ON public.person USING btree (lower(name)) WHERE (mood IS NOT NULL);


--
-- Name: person person_touch; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER person_touch BEFORE UPDATE ON public.person FOR EACH ROW EXECUTE FUNCTION public.touch();


--
-- Name: person person_boss_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.person
    ADD CONSTRAINT person_boss_fkey FOREIGN KEY (boss) REFERENCES public.person(id) ON DELETE CASCADE;


--
-- Name: moods; Type: MATERIALIZED VIEW DATA; Schema: public; Owner: -
--

REFRESH MATERIALIZED VIEW public.moods;


--
-- PostgreSQL database dump complete
--


\unrestrict 0Kh5bVuPzkLxYqQeD4wTjXo9
