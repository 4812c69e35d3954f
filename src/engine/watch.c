/* While a step runs: what the server is doing for it, asked now and then on a second connection. */
#include "cmig/clock.h"
#include "engine/work.h"

enum {
    FIRST_LOOK = 300 * 1000, /* microseconds: shorter steps are not looked at */
    INTERVAL = 500 * 1000,
};

static void tick(gpointer data)
{
    CmigWork *work = data;
    const CmigStep *step = work->announced;
    gint64 now = cmig_clock_monotonic();
    if (now - work->started < FIRST_LOOK)
        return;
    if (now - work->watched >= INTERVAL) {
        g_clear_pointer(&work->activity, cmig_db_activity_free);
        cmig_db_watch(work->db, &work->activity);
        work->watched = cmig_clock_monotonic();
    }
    CmigRunProgress progress = {.revision = step->revision,
                                .direction = step->direction,
                                .microseconds = now - work->started,
                                .statement = work->statement,
                                .statements = work->statements,
                                .activity = work->activity};
    if (work->observer->working != NULL)
        work->observer->working(&progress, work->observer->data);
}

void cmig_work_watch(CmigWork *work, const CmigStep *step)
{
    work->started = cmig_clock_monotonic();
    work->watched = 0;
    work->statement = 0;
    work->statements = step->sql != NULL ? step->sql->statements->len : 0;
    work->announced = step;
    cmig_db_set_tick(work->db, tick, work);
}

void cmig_work_unwatch(CmigWork *work)
{
    cmig_db_set_tick(work->db, NULL, NULL);
    g_clear_pointer(&work->activity, cmig_db_activity_free);
}
