// The player: keys, buttons, the address, predict mode and compare mode.

const SYNC = { time: "same time", step: "in step", alone: "each alone" };
// Events a second.
const SPEEDS = [1, 2.5, 6, 15, 40];

// Milliseconds.
const ADDRESS_DELAY = 150;

const byId = (id) => document.getElementById(id);

class Player {
  constructor(data) {
    this.data = data;
    this.runs = data.runs.map((run) => new Run(run, data.texts));
    this.views = this.runs.map((run) => new RunView(run, data.quotes, data.about, data.runs.length > 1));
    // The run that the keys move. The other one follows, unless each is alone.
    this.leader = 0;
    this.sync = "time";
    this.asked = null;
    this.score = { right: 0, asked: 0 };
    this.answered = new Set();
    this.timer = null;
    this.chosen = -1;
    byId("title").textContent = data.title;
    byId("about").replaceChildren(...prose(data.about));
    byId("runs").append(...this.views.map(({ root }) => root));
    byId("runs").classList.toggle("compare", this.runs.length > 1);
    byId("sync").hidden = this.runs.length < 2;
    byId("predict").hidden = !this.runs.some(({ frames }) => frames.some(({ ask }) => ask));
    this.fillChoice();
    this.setAxis(this.runs.length > 1);
    this.listen();
    this.readAddress();
    this.render();
  }

  get run() {
    return this.runs[this.leader];
  }

  // ---- movement ----

  // Moves the leader, and the other run with it.
  seek(position) {
    const { run } = this;
    this.closeQuestion();
    const before = run.position;
    run.seek(position);
    for (const other of this.runs) {
      if (other === run || this.sync === "alone") continue;
      if (this.sync === "time") other.seek(run.position === 0 ? 0 : other.positionAt(run.frame.t));
      else other.seek(other.position + run.position - before);
    }
    this.render();
  }

  // Moves by one event: of the leader, or, at the same time, of the run whose event is next.
  step(direction) {
    if (this.runs.length > 1 && this.sync === "time") this.leader = this.nextInTime(direction);
    else if (this.sync === "step" && this.run.position + direction > this.run.length) {
      // The longer run goes on alone.
      this.leader = this.runs.findIndex((run) => run.position < run.length);
      if (this.leader < 0) this.leader = 0;
    }
    const { run } = this;
    const to = run.position + direction;
    if (direction > 0 && this.ask(to)) return;
    if (this.runs.length > 1 && this.sync === "time") {
      this.closeQuestion();
      run.seek(to);
      this.render();
    } else {
      this.seek(to);
    }
  }

  nextInTime(direction) {
    const time = (run) => {
      const frame = run.frames[direction > 0 ? run.position : run.position - 1];
      return frame ? frame.t : direction * Infinity;
    };
    const [a, b] = this.runs.map(time);
    return direction > 0 ? Number(b < a) : Number(b >= a);
  }

  // Moves to the next or the previous frame that passes the test, or to the question on the way.
  find(direction, test) {
    const to = this.run.find(direction, test);
    if (to === undefined) return;
    if (direction > 0 && this.ask(to)) return;
    this.seek(to);
  }

  get isDone() {
    return this.sync === "alone" ? this.run.position === this.run.length
      : this.runs.every((run) => run.position === run.length);
  }

  play(on = this.timer === null) {
    clearInterval(this.timer);
    this.timer = null;
    if (on) {
      if (this.isDone) this.seek(0);
      this.timer = setInterval(() => {
        if (this.asked) return;
        this.step(1);
        if (this.isDone) this.play(false);
      }, 1000 / SPEEDS[this.speed - 1]);
    }
    byId("play").setAttribute("aria-pressed", String(on));
    byId("play").setAttribute("aria-label", on ? "Pause" : "Play");
    // A screen reader is not flooded while the page plays.
    for (const { say } of this.views) say.setAttribute("aria-live", on ? "off" : "polite");
    this.writeAddress();
  }

  get speed() {
    return Number(byId("speed").value);
  }

  setSpeed(speed) {
    byId("speed").value = speed;
    if (this.timer !== null) this.play(true);
  }

  // ---- predict mode ----

  get predicts() {
    return byId("predict").getAttribute("aria-pressed") === "true";
  }

  setPredict(on) {
    byId("predict").setAttribute("aria-pressed", String(on));
    this.score = { right: 0, asked: 0 };
    this.answered.clear();
    this.closeQuestion();
    this.render();
  }

  // Opens the first question up to this position that was not answered yet.
  ask(to) {
    if (!this.predicts) return false;
    if (this.asked && !this.asked.done) return true;
    const { run } = this;
    for (let next = run.position + 1; next <= to; next += 1) {
      const { ask } = run.frames[next - 1] ?? {};
      if (ask && !this.answered.has(`${this.leader} ${next}`)) {
        this.seek(next - 1);
        this.asked = { ask, next, run, view: this.views[this.leader], done: false };
        this.showQuestion();
        return true;
      }
    }
    return false;
  }

  showQuestion() {
    const { ask, run, view } = this.asked;
    const buttons = ask.choices.map((subject, index) => {
      const button = paint(element("button", { class: "chip" },
        index < 9 ? element("kbd", {}, String(index + 1)) : "", run.subjects[subject]), subject);
      button.addEventListener("click", () => this.answer(index));
      return button;
    });
    view.question.replaceChildren(
      element("p", { role: "status" }, run.question),
      element("div", { class: "chips" }, ...buttons));
    view.question.hidden = false;
  }

  answer(index) {
    const { asked } = this;
    if (!asked || asked.done || index >= asked.ask.choices.length) return;
    const { ask, run, view, next } = asked;
    asked.done = true;
    this.answered.add(`${this.leader} ${next}`);
    const isRight = ask.choices[index] === ask.answer;
    this.score.asked += 1;
    this.score.right += Number(isRight);
    const verdict = isRight ? "Right." : `No: ${run.subjects[ask.answer]}.`;
    view.question.querySelectorAll("button").forEach((button, choice) => {
      button.disabled = true;
      button.classList.toggle("right", ask.choices[choice] === ask.answer);
      button.classList.toggle("wrong", choice === index && !isRight);
    });
    const goOn = element("button", {}, element("kbd", {}, "→"), "go on");
    goOn.addEventListener("click", () => this.goOn());
    view.question.append(
      element("p", { role: "status", class: isRight ? "right" : "wrong" },
        element("b", {}, verdict), ` ${run.texts[ask.why]}`), goOn);
    this.showScore();
    if (this.timer === null) goOn.focus();
    else setTimeout(() => this.goOn(asked), 1500);
  }

  goOn(asked = this.asked) {
    if (!this.asked || asked !== this.asked) return;
    const { next } = asked;
    this.closeQuestion();
    this.seek(next);
  }

  closeQuestion() {
    if (!this.asked) return;
    this.asked.view.question.hidden = true;
    this.asked.view.question.replaceChildren();
    this.asked = null;
  }

  showScore() {
    const { right, asked } = this.score;
    byId("score").textContent = this.predicts ? `${right}/${asked}` : "";
  }

  // ---- choice, axis, compare mode ----

  fillChoice() {
    const names = [];
    this.runs.forEach(({ subjects, name }, index) => subjects.forEach((subject, number) => {
      const shown = this.runs.length > 1 ? `${subject} (${name})` : subject;
      names.push(element("option", { value: `${index} ${number}` }, shown));
    }));
    byId("chosen").append(element("option", { value: "" }, "no task chosen"), ...names);
  }

  choose(leader, subject) {
    this.chosen = subject;
    if (subject >= 0) this.leader = leader;
    byId("chosen").value = subject >= 0 ? `${leader} ${subject}` : "";
    this.views.forEach((view, index) => view.choose(index === leader ? subject : -1));
  }

  setAxis(byTime) {
    const span = Math.max(...this.runs.map(({ duration }) => duration));
    for (const { timeline } of this.views) {
      timeline.byTime = byTime;
      timeline.span = span;
      if (timeline.cursor) timeline.draw();
    }
    byId("axis").textContent = byTime ? "by time" : "by event";
  }

  zoom(factor) {
    for (const { timeline } of this.views) {
      timeline.zoom = Math.min(Math.max(timeline.zoom * factor, 1), 64);
      timeline.draw();
    }
  }

  setSync(sync) {
    this.sync = sync;
    if (sync === "step") {
      const { position } = this.run;
      this.runs.forEach((run) => run.seek(position));
    }
    this.seek(this.run.position);
  }

  // ---- the address ----

  // `#35`, `#35,20` for two runs, `#predict`, `#selftest`.
  readAddress() {
    const hash = location.hash.slice(1);
    if (/^\d+$/.test(hash)) this.seek(Number(hash));
    else if (/^\d+,\d+$/.test(hash)) {
      hash.split(",").forEach((position, index) => this.runs[index]?.seek(Number(position)));
      this.closeQuestion();
      this.render();
    } else if (hash === "predict") this.setPredict(true);
    else if (hash === "selftest") setTimeout(() => selfTest(this));
  }

  get address() {
    return `#${this.runs.map(({ position }) => position).join(",")}`;
  }

  // The address follows once the cursor rests: browsers limit how often it may change.
  writeAddress() {
    clearTimeout(this.addressTimer);
    this.addressTimer = setTimeout(() => {
      const isBusy = this.timer !== null || location.hash === "#selftest";
      if (!isBusy && location.hash !== this.address) history.replaceState(null, "", this.address);
    }, ADDRESS_DELAY);
  }

  render() {
    for (const view of this.views) view.render();
    const { run } = this;
    byId("place").textContent = this.runs.length > 1
      ? formatTime(Math.max(...this.runs.map(({ frame }) => frame?.t ?? 0)), run.duration)
      : `${run.position} / ${run.length}`;
    byId("sync").textContent = SYNC[this.sync];
    this.views.forEach(({ root }, index) => {
      root.classList.toggle("leader", this.runs.length > 1 && this.sync === "alone" && index === this.leader);
    });
    this.showScore();
    this.writeAddress();
  }

  // ---- input ----

  listen() {
    addEventListener("keydown", (event) => this.key(event));
    addEventListener("hashchange", () => this.readAddress());
    byId("transport").addEventListener("click", (event) => {
      const action = event.target.closest("[data-do]")?.dataset.do;
      if (action) this.act(action, event.shiftKey ? -1 : 1);
    });
    byId("chosen").addEventListener("change", ({ target }) => {
      const [leader, subject] = target.value ? target.value.split(" ").map(Number) : [this.leader, -1];
      this.choose(leader, subject);
    });
    byId("speed").addEventListener("input", () => this.setSpeed(this.speed));
    this.views.forEach((view, index) => {
      view.timeline.onSeek = (position) => {
        this.leader = index;
        this.seek(position);
      };
      view.root.addEventListener("focusin", () => this.lead(index));
      view.root.addEventListener("pointerdown", () => this.lead(index));
    });
  }

  // Alone, the run that has the focus is moved.
  lead(index) {
    if (this.sync !== "alone" || this.leader === index) return;
    this.leader = index;
    this.render();
  }

  act(action, direction) {
    const actions = {
      first: () => this.seek(0),
      last: () => this.toEnd(),
      back: () => this.step(-1),
      forward: () => (this.asked?.done ? this.goOn() : this.step(1)),
      play: () => this.play(),
      wake: () => this.find(direction, ({ kind }) => kind === "wake"),
      park: () => this.find(direction, ({ kind }) => kind === "park"),
      task: () => this.find(direction, ({ subject }) => subject !== undefined && subject === this.chosen),
      choose: () => this.choose(this.leader, this.run.frame?.subject ?? -1),
      predict: () => this.setPredict(!this.predicts),
      axis: () => this.setAxis(!this.views[0].timeline.byTime),
      sync: () => this.cycleSync(),
      help: () => (byId("help").open ? byId("help").close() : byId("help").showModal()),
    };
    actions[action]();
  }

  toEnd() {
    this.closeQuestion();
    const moved = this.sync === "alone" ? [this.run] : this.runs;
    moved.forEach((run) => run.seek(run.length));
    this.render();
  }

  cycleSync() {
    if (this.runs.length < 2) return;
    const names = Object.keys(SYNC);
    this.setSync(names[(names.indexOf(this.sync) + 1) % names.length]);
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { key, target } = event;
    if (byId("help").open && key !== "?") return;
    const name = target.nodeName;
    if (name === "SELECT" || (name === "INPUT" && key.startsWith("Arrow"))) return;
    const presses = name === "BUTTON" || name === "SUMMARY" || name === "A";
    if ((key === " " || key === "Enter") && presses) return;
    if (/^[1-9]$/.test(key)) {
      if (this.asked && !this.asked.done) this.answer(Number(key) - 1);
      else if (key <= "5") this.setSpeed(Number(key));
      return;
    }
    if (key === "+" || key === "-") {
      this.zoom(key === "+" ? 1.5 : 1 / 1.5);
      return;
    }
    const action = {
      ArrowLeft: "back", ArrowRight: "forward", Home: "first", End: "last", " ": "play", w: "wake",
      p: "park", t: "task", c: "choose", q: "predict", a: "axis", s: "sync", "?": "help",
    }[key.length === 1 ? key.toLowerCase() : key];
    if (!action) return;
    event.preventDefault();
    this.act(action, event.shiftKey ? -1 : 1);
  }
}
