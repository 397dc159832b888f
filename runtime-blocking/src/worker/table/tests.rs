use super::*;

fn with_idle(workers: usize) -> (WorkerTable, Vec<Arc<Parker>>) {
    let mut table = WorkerTable::default();
    let mut parkers = Vec::new();
    for index in 0..workers {
        let id = WorkerId::of_row(index);
        parkers.push(Arc::new(Parker::new()));
        table.add(id, Arc::clone(&parkers[index]));
        table.push_idle(id);
    }
    (table, parkers)
}

fn worker(index: usize) -> WorkerId {
    WorkerId::of_row(index)
}

#[test]
fn the_worker_that_became_idle_last_is_assigned_first() {
    let (mut table, parkers) = with_idle(3);
    table.remove_idle(worker(2));
    let assigned = table.assign_idle(Role::Monitor).expect("two are idle");
    assert!(Arc::ptr_eq(&assigned, &parkers[1]));
    assert_eq!(table.take_assigned(worker(1)), Some(Role::Monitor));
    assert_eq!(table.take_assigned(worker(1)), None);
    assert_eq!(table.take_assigned(worker(0)), None);
}

#[test]
fn a_worker_that_shuts_down_is_counted_once_until_its_job_ends() {
    let (mut table, _parkers) = with_idle(2);
    table.set_shuts_down(worker(1));
    table.set_shuts_down(worker(1));
    assert_eq!(table.shutting_down(), 1);
    assert!(table.end(worker(0)).is_none());
    assert_eq!(table.shutting_down(), 1);
    assert!(table.end(worker(1)).is_none());
    assert!(table.end(worker(1)).is_none());
    assert_eq!(table.shutting_down(), 0);
}
