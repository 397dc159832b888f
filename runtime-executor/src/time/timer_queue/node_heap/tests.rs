use std::collections::BTreeSet;

use super::{ARITY, HeapNode, NodeHeap};

fn node(deadline: u64) -> HeapNode {
    HeapNode::new(deadline, deadline as u32, 0)
}

/// Each node that is not the first one is after its parent.
fn is_ordered(heap: &NodeHeap) -> bool {
    let nodes: Vec<_> = heap.iter().collect();
    (1..nodes.len()).all(|place| nodes[(place - 1) / ARITY] < nodes[place])
}

#[test]
fn the_parts_of_a_node_come_out_as_they_were_put_in() {
    let node = HeapNode::new(u64::MAX, u32::MAX - 1, 7);
    assert_eq!((node.deadline(), node.number(), node.entry()), (u64::MAX, u32::MAX - 1, 7));
    assert!(node.is_of(7, u32::MAX - 1) && !node.is_of(7, 6) && !node.is_of(6, u32::MAX - 1));
    assert!(node < HeapNode::ABSENT);
}

#[test]
fn a_family_fills_a_line_of_the_cache() {
    assert_eq!(std::mem::size_of::<super::Family>(), 64);
}

/// Compares the heap with a sorted set, at each size up to the third level and back.
#[test]
fn the_heap_agrees_with_a_sorted_set() {
    let mut heap = NodeHeap::new();
    let mut model = BTreeSet::new();
    let check = |heap: &NodeHeap, model: &BTreeSet<u64>| {
        assert_eq!(heap.len(), model.len());
        assert_eq!(heap.first().map(HeapNode::deadline), model.first().copied());
        assert_eq!(heap.last().is_none(), model.is_empty());
        let nodes: BTreeSet<u64> = heap.iter().map(HeapNode::deadline).collect();
        assert_eq!(&nodes, model);
        assert!(is_ordered(heap));
    };
    for deadline in (0..89).map(|step| step * 34 % 89) {
        heap.push(node(deadline));
        model.insert(deadline);
        check(&heap, &model);
    }
    for step in 0..89 {
        if step % 3 == 0 {
            let last = heap.remove_last().expect("the heap is not empty");
            model.remove(&last.deadline());
        } else {
            heap.remove_first();
            model.pop_first();
        }
        check(&heap, &model);
    }
    heap.remove_first();
    assert_eq!(heap.remove_last(), None);
}

#[test]
fn an_emptied_heap_gives_its_memory_back() {
    let mut heap = NodeHeap::new();
    (0..10_000).for_each(|deadline| heap.push(node(deadline)));
    (0..10_000).for_each(|_| heap.remove_first());
    (0..20).for_each(|_| heap.shrink());
    assert!(heap.families.capacity() < 4);
    heap.push(node(1));
    assert_eq!(heap.first(), Some(node(1)));
}
