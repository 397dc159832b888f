// One run: its rows after each frame. No part of this file touches the page.

// A row is [key, subject + 1, cell...]. `position` counts the frames that are applied: at 35,
// the 35th event has just happened, and the address is #35.
class Run {
  constructor(data, texts) {
    Object.assign(this, data);
    this.texts = texts;
    this.position = 0;
    this.rows = this.panels.map(() => []);
    this.undo = [];
    this.changed = new Set(this.panels.keys());
    this.arrowsAt = new Map();
    this.arrows.forEach((arrow, index) => arrow.forEach((frame) => {
      this.arrowsAt.set(frame, [...(this.arrowsAt.get(frame) ?? []), index]);
    }));
    // The most rows of each panel, so that the page reserves the room for them.
    this.most = this.panels.map(() => 0);
    for (const _ of this.frames) {
      this.forward();
      this.rows.forEach((rows, panel) => {
        this.most[panel] = Math.max(this.most[panel], rows.length);
      });
    }
    this.seek(0);
  }

  get length() {
    return this.frames.length;
  }

  // The frame that was applied last; undefined at the start.
  get frame() {
    return this.frames[this.position - 1];
  }

  get duration() {
    return this.length ? this.frames[this.length - 1].t : 0;
  }

  sentence(frame) {
    return this.texts[frame.say];
  }

  event(frame) {
    return this.texts[frame.event];
  }

  seek(position) {
    const target = Math.min(Math.max(position, 0), this.length);
    while (this.position < target) this.forward();
    while (this.position > target) this.back();
  }

  // The position after all frames up to this time.
  positionAt(time) {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.frames[middle].t <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // The nearest position after (step 1) or before (step -1) this one whose frame passes the test.
  find(step, test) {
    for (let to = this.position + step; to > 0 && to <= this.length; to += step) {
      if (test(this.frames[to - 1])) return to;
    }
    return undefined;
  }

  forward() {
    const changes = this.frames[this.position].changes ?? [];
    this.undo[this.position] = changes.map((change) => this.apply(change));
    this.position += 1;
  }

  back() {
    this.position -= 1;
    this.undo[this.position].toReversed().forEach((undo) => undo());
  }

  // Applies a change, and returns the function that reverts it.
  apply([operation, panel, detail]) {
    const rows = this.rows[panel];
    this.changed.add(panel);
    const revert = (undo) => () => {
      this.changed.add(panel);
      undo();
    };
    if (operation === "+") {
      const index = rows.findIndex(([key]) => key === detail[0]);
      if (index < 0) {
        rows.push(detail);
        return revert(() => rows.pop());
      }
      const before = rows[index];
      rows[index] = detail;
      return revert(() => { rows[index] = before; });
    }
    if (operation === "-") {
      const index = rows.findIndex(([key]) => key === detail);
      const [before] = rows.splice(index, 1);
      return revert(() => rows.splice(index, 0, before));
    }
    const target = this.rows[detail];
    const moved = rows.splice(0);
    target.push(...moved);
    this.changed.add(detail);
    return revert(() => {
      this.changed.add(detail);
      rows.push(...target.splice(target.length - moved.length));
    });
  }
}

// A time in nanoseconds, in the unit that suits the length of the run.
function formatTime(time, duration) {
  if (duration >= 1e9) return `${(time / 1e9).toFixed(3)} s`;
  if (duration >= 1e6) return `${(time / 1e6).toFixed(3)} ms`;
  return `${(time / 1e3).toFixed(1)} µs`;
}
