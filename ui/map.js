// The map of the corpus: draws what stands in data-map, and opens the passage of a point that is clicked. Every
// name and text is set as text. startMap is called in gradio's js_on_load, and draws again when the
// component's value changes, since gradio then takes away what was drawn.

const MAP_MARGIN = 22; // pixels around the points
const MAP_REACH = { mouse: 12, touch: 24 }; // how near a pointer must come to a point
const MAP_NEAREST = 16; // how many times the whole map may be enlarged
const MAP_DISC = 9; // radius of a hit's number
const MAP_ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function startMap(element, trigger, watch) {
  const open = (key) => trigger("click", { open: key });
  let shown = new AbortController();
  const start = () => {
    shown.abort();
    shown = new AbortController();
    const section = element.querySelector("[data-map]");
    if (section) showMap(section, open, shown.signal);
  };
  element.addEventListener("click", (event) => {
    const target = event.target.closest("[data-open]");
    if (target) open(target.dataset.open);
  });
  watch("value", start);
  start();
}

function showMap(section, open, signal) {
  const map = readMap(section.dataset.map);
  const box = section.querySelector(".pc-map-box");
  const [below, above] = box.querySelectorAll("canvas");
  const legend = [...section.querySelectorAll("[data-colour]")];
  let current = -1; // the point that a person is at
  let only = -1; // the colour that is not dimmed; -1: none is
  let byTouch = false;
  let frame = 0;
  let drag = null; // where the map was taken hold of, until it is let go

  const isShown = (point) => only < 0 || map.colours[map.document[point]] === only;
  const listen = (target, name, act) => target.addEventListener(name, act, { signal });

  function redraw() {
    map.fit(box.clientWidth, box.clientHeight);
    box.classList.toggle("pc-is-near", map.view.scale > 1);
    const ink = inkOf(section);
    drawPoints(canvasOf(below, box), map, ink, only);
    drawOver(canvasOf(above, box), map, ink, current);
  }

  function goTo(point, isSaid = false) {
    if (point === current) return;
    current = point;
    if (isSaid && point >= 0 && map.bringInto(point)) redraw();
    showTip(box, map, current, byTouch);
    box.classList.toggle("pc-on-point", current >= 0);
    if (isSaid) section.querySelector(".pc-map-here").textContent = map.said(current);
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => drawOver(canvasOf(above, box), map, inkOf(section), current));
  }

  function look(how) {
    if (how === "whole") map.lookAt(0.5, 0.5, 1);
    else if (how === "hits") map.lookAtHits();
    else map.lookAt(map.view.x, map.view.y, map.view.scale * (how === "nearer" ? 1.6 : 1 / 1.6));
    redraw();
    showTip(box, map, current, byTouch);
  }

  function pulled(event) {
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    drag.isPulled ||= Math.hypot(dx, dy) > 5;
    if (!drag.isPulled) return;
    map.lookAt(drag.view.x - dx / map.extent.x, drag.view.y - dy / map.extent.y, map.view.scale);
    goTo(-1);
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(redraw);
  }

  function pointed(event) {
    const frameOfBox = box.getBoundingClientRect();
    const reach = byTouch ? MAP_REACH.touch : MAP_REACH.mouse;
    return map.nearest(event.clientX - frameOfBox.left, event.clientY - frameOfBox.top, reach, isShown);
  }

  listen(box, "pointermove", (event) => {
    byTouch = event.pointerType === "touch";
    if (drag && event.buttons) pulled(event);
    else if (!byTouch) goTo(pointed(event));
  });
  listen(box, "pointerdown", (event) => {
    byTouch = event.pointerType === "touch";
    drag = { x: event.clientX, y: event.clientY, view: map.view, isPulled: false };
  });
  listen(box, "pointerleave", (event) => event.pointerType !== "touch" && goTo(-1));
  listen(box, "wheel", (event) => {
    if (!event.ctrlKey) return; // which a touchpad's pinch has
    event.preventDefault();
    look(event.deltaY < 0 ? "nearer" : "farther");
  });
  listen(box, "click", (event) => {
    const isPull = drag?.isPulled;
    drag = null;
    if (isPull) return;
    const point = event.target.closest(".pc-map-tip") ? current : pointed(event);
    const isChosen = point >= 0 && (!byTouch || point === current);
    goTo(point, byTouch);
    if (isChosen) open(map.key(point));
  });
  listen(box, "focus", () => box.matches(":focus-visible") && current < 0 && goTo(map.first(isShown), true));
  listen(box, "blur", () => goTo(-1));
  listen(box, "keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const how = { "+": "nearer", "=": "nearer", "-": "farther", 0: "whole" }[event.key];
    if (how) look(how);
    const next = nextByKey(event.key, map, current, isShown);
    if (event.key === "Enter" && current >= 0) open(map.key(current));
    else if (next === undefined && !how) return;
    byTouch = false;
    if (next !== undefined) goTo(next, true);
    event.preventDefault();
  });

  for (const tool of section.querySelectorAll("[data-look]")) listen(tool, "click", () => look(tool.dataset.look));
  for (const entry of legend) {
    listen(entry, "click", () => {
      only = only === Number(entry.dataset.colour) ? -1 : Number(entry.dataset.colour);
      for (const one of legend) one.setAttribute("aria-pressed", String(Number(one.dataset.colour) === only));
      current = -1;
      showTip(box, map, current, byTouch);
      redraw();
    });
  }
  for (const hit of section.querySelectorAll("[data-hit]")) {
    const point = map.hits[Number(hit.dataset.hit)] ?? -1;
    for (const name of ["pointerenter", "focus"]) listen(hit, name, () => goTo(point));
    for (const name of ["pointerleave", "blur"]) listen(hit, name, () => goTo(-1));
  }

  const watching = [new ResizeObserver(redraw), new MutationObserver(redraw)];
  watching[0].observe(box);
  for (const one of [document.documentElement, document.body])
    watching[1].observe(one, { attributes: true, attributeFilter: ["class"] });
  signal.addEventListener("abort", () => {
    cancelAnimationFrame(frame);
    for (const one of watching) one.disconnect();
  });
  redraw();
}

// The map's data, with the places of points, question and numbers in pixels once it was fitted to a size.
function readMap(json) {
  const data = JSON.parse(json);
  const count = data.x.length;
  const addresses = data.address.split("\n");
  const words = data.words.split("\n");
  const ranks = new Map(data.hits.map((point, rank) => [point, rank]));
  const x = new Float32Array(count);
  const y = new Float32Array(count);

  const map = {
    ...data,
    count,
    px: x,
    py: y,
    radius: 1,
    view: { x: 0.5, y: 0.5, scale: 1 }, // the middle of what is looked at, 0..1, and how much it is enlarged
    extent: { x: 1, y: 1 }, // of the whole map, in pixels
    size: { x: 0, y: 0 },
    star: null,
    discs: [],
    fit(width, height) {
      map.size = { x: width, y: height };
      map.extent = {
        x: Math.max(width - 2 * MAP_MARGIN, 1) * map.view.scale,
        y: Math.max(height - 2 * MAP_MARGIN, 1) * map.view.scale,
      };
      const ofAll = count > 3000 ? 2.3 : count > 1200 ? 2.8 : count > 400 ? 3.4 : count > 100 ? 4.5 : 6;
      const ofSmall = Math.min(Math.max(width / 640, 0.62), 1);
      map.radius = ofAll * ofSmall * Math.min(map.view.scale, 4) ** 0.3;
      const place = (axis, step) => map.size[axis] / 2 + (step / data.steps - map.view[axis]) * map.extent[axis];
      for (let point = 0; point < count; point++) {
        x[point] = place("x", data.x[point]);
        y[point] = place("y", data.y[point]);
      }
      map.star = data.question && { x: place("x", data.question[0]), y: place("y", data.question[1]) };
      map.discs = discsOf(map, width, height);
    },
    // Looks at a place, within the map and not nearer than there is something to see.
    lookAt(middleX, middleY, scale) {
      const within = Math.min(Math.max(scale, 1), MAP_NEAREST);
      const edge = 0.5 / within;
      const clipped = (middle) => Math.min(Math.max(middle, edge), 1 - edge);
      map.view = { x: clipped(middleX), y: clipped(middleY), scale: within };
    },
    lookAtHits() {
      const points = data.hits.filter((point) => point !== null);
      const places = points.map((point) => [data.x[point], data.y[point]]);
      if (data.question) places.push(data.question);
      if (!places.length) return;
      const [across, down] = [0, 1].map((axis) => {
        const values = places.map((place) => place[axis] / data.steps);
        const [low, high] = [Math.min(...values), Math.max(...values)];
        return { middle: (low + high) / 2, length: high - low };
      });
      map.lookAt(across.middle, down.middle, 0.7 / Math.max(across.length, down.length, 0.01));
    },
    // Whether the map had to be moved for a point to be in sight.
    bringInto(point) {
      const isIn = ["x", "y"].every((axis) => {
        const place = (axis === "x" ? x : y)[point];
        return place >= 0 && place <= map.size[axis];
      });
      if (!isIn) map.lookAt(data.x[point] / data.steps, data.y[point] / data.steps, map.view.scale);
      return !isIn;
    },
    key(point) {
      return `passage:${data.documents[data.document[point]]}:${data.span[2 * point]}-${data.span[2 * point + 1]}`;
    },
    title(point) {
      return ranks.has(point) ? `${ranks.get(point) + 1} · ${addresses[point]}` : addresses[point];
    },
    words: (point) => words[point],
    said: (point) => (point < 0 ? "" : `${map.title(point)}: ${words[point]}`),
    // The point under a place: one whose number is there, or the nearest within reach; -1 for none.
    nearest(left, top, reach, isShown) {
      for (const disc of map.discs)
        if (Math.hypot(disc.x - left, disc.y - top) <= MAP_DISC + 1) return disc.point;
      let found = -1;
      let least = reach * reach;
      for (let point = 0; point < count; point++) {
        const distance = (x[point] - left) ** 2 + (y[point] - top) ** 2;
        if (distance <= least && isShown(point)) [found, least] = [point, distance];
      }
      return found;
    },
    // Where the keyboard begins: at the best hit, or in the middle.
    first(isShown) {
      const hit = data.hits.find((point) => point !== null && isShown(point));
      return hit ?? map.nearest(map.size.x / 2, map.size.y / 2, Infinity, isShown);
    },
  };
  return map;
}

// Where the numbers of the hits stand: beside their points, none over another.
function discsOf(map, width, height) {
  const discs = map.hits.flatMap((point, rank) => {
    if (point === null || !isInside(map.px[point], map.py[point], width, height)) return [];
    const [dx, dy] = map.star ? [map.px[point] - map.star.x, map.py[point] - map.star.y] : [0, -1];
    const length = Math.hypot(dx, dy) || 1;
    const off = MAP_DISC + map.radius + 5;
    return [{ rank, point, x: map.px[point] + (dx / length) * off, y: map.py[point] + ((dy || -0.1) / length) * off }];
  });
  const below = map.star ? [-34, -17, 0, 17, 34].map((off) => ({ x: map.star.x + off, y: map.star.y + 21 })) : [];
  const fixed = map.star ? [map.star, ...below].map((one) => ({ ...one, isFixed: true })) : []; // with its name
  const kept = [...fixed, ...discs];
  for (let round = 0; round < 80; round++) {
    for (const [number, one] of kept.entries()) {
      for (const other of kept.slice(Math.max(number + 1, fixed.length))) {
        const angle = number + 1; // for two at one place
        const [dx, dy] = [other.x - one.x || Math.cos(angle) / 9, other.y - one.y || Math.sin(angle) / 9];
        const distance = Math.hypot(dx, dy);
        const lacking = 2 * MAP_DISC + 3 - distance;
        if (lacking <= 0) continue;
        const part = (one.isFixed ? 1 : 0.5) * (lacking / distance);
        other.x += dx * part;
        other.y += dy * part;
        if (!one.isFixed) [one.x, one.y] = [one.x - dx * part, one.y - dy * part];
      }
    }
    for (const one of discs) {
      one.x = Math.min(Math.max(one.x, MAP_DISC + 1), width - MAP_DISC - 1);
      one.y = Math.min(Math.max(one.y, MAP_DISC + 1), height - MAP_DISC - 1);
    }
  }
  return discs;
}

const isInside = (x, y, width, height) => x >= 0 && x <= width && y >= 0 && y <= height;

// The point that a key goes to; -1 is none, undefined where the key is not the map's.
function nextByKey(key, map, current, isShown) {
  if (key === "Escape") return -1;
  if (key === "Home") return map.first(isShown);
  const rank = Number(key) - 1;
  if (key.trim() && rank >= 0 && rank < map.hits.length) return map.hits[rank] ?? current;
  const way = MAP_ARROWS[key];
  const step = { PageUp: -1, PageDown: 1 }[key];
  if (!way && !step) return undefined;
  if (current < 0) return map.first(isShown);
  if (way) return nearestThatWay(map, current, way, isShown);
  let next = current + step;
  while (next >= 0 && next < map.count && !isShown(next)) next += step;
  return next >= 0 && next < map.count ? next : current;
}

// The nearest point in a direction, those straight ahead before those aside.
function nearestThatWay(map, current, [right, down], isShown) {
  let found = current;
  let least = Infinity;
  for (let point = 0; point < map.count; point++) {
    const [dx, dy] = [map.px[point] - map.px[current], map.py[point] - map.py[current]];
    const ahead = dx * right + dy * down;
    const aside = Math.abs(dx * down) + Math.abs(dy * right);
    const distance = Math.hypot(ahead, 2 * aside);
    if (ahead > 0.01 && aside <= 3 * ahead && distance < least && isShown(point)) [found, least] = [point, distance];
  }
  return found;
}

function showTip(box, map, point, byTouch) {
  const tip = box.querySelector(".pc-map-tip");
  tip.hidden = point < 0;
  tip.classList.toggle("pc-can-tap", byTouch);
  if (point < 0) return;
  const [title, words, hint] = tip.children;
  title.textContent = map.title(point);
  words.textContent = map.words(point);
  hint.textContent = byTouch ? map.texts.tap : "";
  const [width, height] = [tip.offsetWidth, tip.offsetHeight];
  const disc = map.discs.find((one) => one.point === point);
  const edges = disc ? [map.py[point], disc.y - 4, disc.y + 4] : [map.py[point]];
  const above = Math.min(...edges) - height - 14;
  tip.style.left = `${Math.max(Math.min(map.px[point] - width / 2, box.clientWidth - width - 4), 4)}px`;
  tip.style.top = `${above >= 4 ? above : Math.max(...edges) + 16}px`;
}

function inkOf(section) {
  const style = getComputedStyle(section);
  const of = (name) => style.getPropertyValue(name).trim();
  return {
    colours: Array.from({ length: 9 }, (_, number) => of(`--pc-map-${number}`)),
    text: of("--pc-text"),
    card: of("--pc-card"),
    soft: of("--pc-soft"),
    star: of("--pc-map-star"),
    font: style.fontFamily,
  };
}

// The canvas's pen, on a sheet as fine as the screen, cleared.
function canvasOf(canvas, box) {
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [box.clientWidth, box.clientHeight];
  const [across, down] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== across) canvas.width = across;
  if (canvas.height !== down) canvas.height = down;
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}

// Points stand one over another in the order of the text, each with a rim of the card's colour.
function drawPoints(pen, map, ink, only) {
  const rim = map.count > 1200 ? 0.5 : 1;
  const radius = map.radius;
  for (const isDimmed of only < 0 ? [false] : [true, false]) {
    pen.globalAlpha = isDimmed ? 0.16 : 1;
    for (let point = 0; point < map.count; point++) {
      const colour = map.colours[map.document[point]];
      if (only >= 0 && isDimmed !== (colour !== only)) continue;
      const [x, y] = [map.px[point], map.py[point]];
      if (!isInside(x + 9, y + 9, map.size.x + 18, map.size.y + 18)) continue;
      dot(pen, x, y, radius + rim, ink.card);
      dot(pen, x, y, radius, ink.colours[colour]);
    }
  }
  pen.globalAlpha = 1;
}

function dot(pen, x, y, radius, colour) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fillStyle = colour;
  pen.fill();
}

function drawOver(pen, map, ink, current) {
  for (const disc of map.discs) {
    if (map.star) line(pen, map.star, { x: map.px[disc.point], y: map.py[disc.point] }, ink.soft, 1);
    line(pen, disc, { x: map.px[disc.point], y: map.py[disc.point] }, ink.text, 1.25);
  }
  for (const disc of map.discs) ring(pen, map, disc.point, ink, 1.5);
  if (current >= 0) ring(pen, map, current, ink, 3);
  for (const disc of map.discs) {
    dot(pen, disc.x, disc.y, MAP_DISC + 1.5, ink.card);
    dot(pen, disc.x, disc.y, MAP_DISC, ink.text);
    write(pen, String(disc.rank + 1), disc.x, disc.y + 0.5, `600 11px ${ink.font}`, ink.card, "center");
  }
  if (map.star && isInside(map.star.x, map.star.y, map.size.x, map.size.y)) {
    star(pen, map.star, ink, map.texts.question);
  }
}

function line(pen, from, to, colour, width) {
  pen.beginPath();
  pen.moveTo(from.x, from.y);
  pen.lineTo(to.x, to.y);
  pen.lineWidth = width;
  pen.strokeStyle = colour;
  pen.stroke();
}

function ring(pen, map, point, ink, width) {
  pen.beginPath();
  pen.arc(map.px[point], map.py[point], map.radius + width, 0, 2 * Math.PI);
  pen.fillStyle = ink.colours[map.colours[map.document[point]]];
  pen.fill();
  pen.lineWidth = width;
  pen.strokeStyle = ink.text;
  pen.stroke();
}

function star(pen, place, ink, name) {
  pen.beginPath();
  for (let corner = 0; corner < 10; corner++) {
    const [angle, radius] = [(corner * Math.PI) / 5 - Math.PI / 2, corner % 2 ? 5 : 11.5];
    pen.lineTo(place.x + radius * Math.cos(angle), place.y + radius * Math.sin(angle));
  }
  pen.closePath();
  pen.lineJoin = "round";
  pen.lineWidth = 5;
  pen.strokeStyle = ink.card;
  pen.stroke();
  pen.lineWidth = 1.5;
  pen.strokeStyle = ink.text;
  pen.fillStyle = ink.star;
  pen.fill();
  pen.stroke();
  write(pen, name, place.x, place.y + 21, `600 12px ${ink.font}`, ink.text, "center", ink.card);
}

function write(pen, text, x, y, font, colour, align, around) {
  pen.font = font;
  pen.textAlign = align;
  pen.textBaseline = "middle";
  if (around) {
    pen.lineWidth = 4;
    pen.strokeStyle = around;
    pen.strokeText(text, x, y);
  }
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}
