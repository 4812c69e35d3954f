/* The sections of `cmig doctor`: each adds its facts to a report and goes on behind a problem. */
#ifndef CMIG_CLI_DOCTOR_H
#define CMIG_CLI_DOCTOR_H

#include "cli/cli.h"
#include "cmig/guard.h"
#include "cmig/report.h"

void cmig_doctor_versions(CmigApp *app, GPtrArray *report);

/* What was found, and every key with its value. */
void cmig_doctor_configuration(CmigApp *app, GPtrArray *report);

/* The revision files; loads `app->graph` if it can be loaded. */
void cmig_doctor_files(CmigApp *app, GPtrArray *report);

/* What the guard makes of it. */
void cmig_doctor_environment(CmigApp *app, GPtrArray *report);

/* Two lines: what it counts as and why, and what that means for writing. */
void cmig_doctor_verdict(const CmigApp *app, const CmigEnvironment *environment, GPtrArray *report);

/* Where the work tree of the revision files stands. */
void cmig_doctor_git(CmigApp *app, GPtrArray *report);

/* Connects; reads, but takes no lock and writes nothing. */
void cmig_doctor_database(CmigApp *app, GPtrArray *report);

#endif
