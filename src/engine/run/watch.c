/* While a step runs: what the server is doing for it, asked now and then on a second connection. */
#include "cmig/clock.h"
#include "engine/run/work.h"

enum {
    FIRST_LOOK = 300 * 1000, /* microseconds: shorter steps are not looked at */
    INTERVAL = 500 * 1000,
};

static void tick(gpointer data)
{
    CmigWork *work = data;
    CmigWorkWatch *watch = &work->watch;
    gint64 now = cmig_clock_monotonic();
    if (now - watch->started < FIRST_LOOK)
        return;
    if (now - watch->asked >= INTERVAL) {
        g_clear_pointer(&watch->activity, cmig_db_activity_free);
        cmig_db_watch(work->db, &watch->activity);
        watch->asked = cmig_clock_monotonic();
    }
    watch->progress.microseconds = now - watch->started;
    watch->progress.activity = watch->activity;
    if (work->observer->working != NULL)
        work->observer->working(&watch->progress, work->observer->data);
}

void cmig_work_watch(CmigWork *work, const CmigStep *step)
{
    work->watch = (CmigWorkWatch){
        .started = cmig_clock_monotonic(),
        .progress = {.revision = step->revision,
                     .direction = step->direction,
                     .statements = step->sql != NULL ? step->sql->statements->len : 0}};
    cmig_db_set_tick(work->db, tick, work);
}

void cmig_work_unwatch(CmigWork *work)
{
    cmig_db_set_tick(work->db, NULL, NULL);
    g_clear_pointer(&work->watch.activity, cmig_db_activity_free);
}
