// Draws the map's points and finds the one pointed at; knows coordinates and looks, not documents.
import { palette, trace } from "./palette.js";

const padding = 26;
const mostZoom = 12;
const reach = 14;

/**
 * Points are `{x, y, look, ring, group, label}` with x and y in -1 … 1; the query is `{x, y}`;
 * neighbours are indices of points, closest first.
 */
export class MapCanvas {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.points = [];
    this.labels = [];
    this.query = null;
    this.neighbours = [];
    this.sibling = null;
    this.group = null;
    this.current = -1;
    this.frame = 0;
    this.colours = palette();
    this.reset(false);
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.colours = palette();
      this.draw();
    });
  }

  /** Shows everything again. */
  reset(draw = true) {
    this.zoom = 1;
    this.centre = { x: 0.5, y: 0.5 };
    if (draw) this.draw();
  }

  setPoints(points) {
    this.points = points;
    this.current = -1;
    this.sibling = null;
    this.neighbours = [];
    this.query = null;
    const xs = points.map((point) => point.x), ys = points.map((point) => point.y);
    const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);
    const most = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity);
    this.box = points.length
      ? { left: least(xs), right: most(xs), bottom: least(ys), top: most(ys) }
      : { left: -1, right: 1, bottom: -1, top: 1 };
    this.labels = this.groupLabels();
    this.reset();
  }

  /** One label for each group, at the middle of its points, tightest groups first. */
  groupLabels() {
    const groups = new Map();
    for (const point of this.points) {
      if (!point.groupName) continue;
      if (!groups.has(point.group)) groups.set(point.group, { name: point.groupName, members: [] });
      groups.get(point.group).members.push(point);
    }
    const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
    return [...groups].map(([group, { name, members }]) => {
      const x = median(members.map((point) => point.x));
      const y = median(members.map((point) => point.y));
      const spread = median(members.map((point) => Math.hypot(point.x - x, point.y - y)));
      return { group, name, x, y, spread };
    }).sort((a, b) => a.spread - b.spread);
  }

  /** Where a point lies on the canvas, in CSS pixels; a query outside the points comes to the edge. */
  position({ x, y }) {
    const { left, right, bottom, top } = this.box;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const part = (value, low, high) =>
      high > low ? Math.max(-0.02, Math.min(1.02, (value - low) / (high - low))) : 0.5;
    const across = part(x, left, right), down = 1 - part(y, bottom, top);
    return {
      x: width / 2 + (across - this.centre.x) * (width - 2 * padding) * this.zoom,
      y: height / 2 + (down - this.centre.y) * (height - 2 * padding) * this.zoom,
    };
  }

  /** Zooms by a factor, keeping the place under (x, y) where it is. */
  zoomBy(factor, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2) {
    const before = this.zoom;
    this.zoom = Math.max(1, Math.min(mostZoom, before * factor));
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const shift = 1 / before - 1 / this.zoom;
    this.centre.x += ((x - width / 2) / (width - 2 * padding)) * shift;
    this.centre.y += ((y - height / 2) / (height - 2 * padding)) * shift;
    this.hold();
  }

  /** Moves the view by so many CSS pixels. */
  pan(dx, dy) {
    this.centre.x -= dx / (this.canvas.clientWidth - 2 * padding) / this.zoom;
    this.centre.y -= dy / (this.canvas.clientHeight - 2 * padding) / this.zoom;
    this.hold();
  }

  hold() {
    const half = 0.5 / this.zoom;
    for (const axis of ["x", "y"]) {
      this.centre[axis] = Math.max(half, Math.min(1 - half, this.centre[axis]));
    }
    this.draw();
  }

  /** Brings a point into view. */
  reveal(index) {
    const { x, y } = this.position(this.points[index]);
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (x > padding && y > padding && x < width - padding && y < height - padding) return;
    this.pan(width / 2 - x, height / 2 - y);
  }

  /** The point nearest to (x, y) in CSS pixels, within reach, or -1. */
  nearest(x, y) {
    let best = -1, closest = reach * reach;
    this.points.forEach((point, index) => {
      if (this.group !== null && point.group !== this.group) return;
      const place = this.position(point);
      const distance = (place.x - x) ** 2 + (place.y - y) ** 2;
      if (distance < closest) {
        closest = distance;
        best = index;
      }
    });
    return best;
  }

  /** The next point from the current one in a direction, for the arrow keys; -1 if there is none. */
  step(dx, dy) {
    if (this.current < 0) {
      return this.neighbours[0]
        ?? this.nearestTo(this.canvas.clientWidth / 2, this.canvas.clientHeight / 2);
    }
    const from = this.position(this.points[this.current]);
    return this.nearestTo(from.x, from.y, (x, y) => {
      const along = x * dx + y * dy, aside = Math.abs(x * dy) + Math.abs(y * dx);
      return along > 0.5 && aside <= along * 1.5 ? along + 2 * aside : Infinity;
    });
  }

  nearestTo(x, y, cost = (dx, dy) => Math.hypot(dx, dy)) {
    let best = -1, least = Infinity;
    this.points.forEach((point, index) => {
      if (index === this.current || (this.group !== null && point.group !== this.group)) return;
      const place = this.position(point);
      const price = cost(place.x - x, place.y - y);
      if (price < least) {
        least = price;
        best = index;
      }
    });
    return best;
  }

  /** Draws before the next frame; calls until then cost nothing. */
  draw() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.paint();
    });
  }

  paint() {
    const { canvas, context } = this;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width || !height) return;
    const ratio = Math.min(3, devicePixelRatio || 1);
    const pixels = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== pixels[0] || canvas.height !== pixels[1]) [canvas.width, canvas.height] = pixels;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    this.font = `600 12px ${getComputedStyle(document.body).fontFamily}`;
    const radius = (width < 500 ? 3 : 4) * Math.min(1.6, 1 + (this.zoom - 1) * 0.12);
    this.drawPoints(radius);
    this.drawLabels();
    this.drawLinks(radius);
  }

  drawPoints(radius) {
    const { context, colours } = this;
    const special = new Set([...this.neighbours, this.current, this.sibling ?? -1]);
    for (const faded of [true, false]) {
      this.points.forEach((point, index) => {
        const chosen = special.has(index) || this.group === point.group
          || (this.group === null && !this.query);
        if (chosen === faded) return;
        const { x, y } = this.position(point);
        const colour = colours.groups[point.look.colour];
        context.globalAlpha = chosen ? 0.92 : this.group === null ? 0.42 : 0.13;
        trace(context, point.look.shape, x, y, radius);
        context.fillStyle = point.ring ? colours.paper : colour;
        context.fill();
        context.lineWidth = 1.6;
        context.strokeStyle = colour;
        context.stroke();
      });
    }
    context.globalAlpha = 1;
  }

  drawLabels() {
    const { context, colours } = this;
    const taken = [];
    context.font = this.font;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    for (const label of this.labels) {
      if (this.group !== null && label.group !== this.group) continue;
      const { x, y } = this.position(label);
      const half = context.measureText(label.name).width / 2 + 4;
      const box = [x - half, y - 10, x + half, y + 10];
      const hits = (other) =>
        box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1];
      if (taken.some(hits)) continue;
      taken.push(box);
      context.globalAlpha = this.query ? 0.6 : 1;
      context.lineWidth = 4;
      context.strokeStyle = colours.paper;
      context.strokeText(label.name, x, y);
      context.fillStyle = colours.ink;
      context.fillText(label.name, x, y);
    }
    context.globalAlpha = 1;
  }

  drawLinks(radius) {
    const { context, colours } = this;
    const line = (from, to, dash) => {
      context.setLineDash(dash);
      context.beginPath();
      context.moveTo(from.x, from.y);
      context.lineTo(to.x, to.y);
      context.stroke();
      context.setLineDash([]);
    };
    context.lineWidth = 1.5;
    context.strokeStyle = colours.accent;
    if (this.query) {
      const from = this.position(this.query);
      for (const index of this.neighbours) line(from, this.position(this.points[index]), []);
      this.neighbours.forEach((index, order) => this.badge(index, order + 1, radius));
      context.beginPath();
      context.arc(from.x, from.y, 9, 0, 2 * Math.PI);
      context.fillStyle = colours.accent;
      context.fill();
      context.lineWidth = 3;
      context.strokeStyle = colours.paper;
      context.stroke();
    }
    if (this.current < 0) return;
    const here = this.position(this.points[this.current]);
    context.strokeStyle = colours.ink;
    context.lineWidth = 1.5;
    if (this.sibling !== null) line(here, this.position(this.points[this.sibling]), [4, 3]);
    for (const index of [this.current, this.sibling ?? this.current]) {
      const { x, y } = this.position(this.points[index]);
      context.beginPath();
      context.arc(x, y, radius + 5, 0, 2 * Math.PI);
      context.lineWidth = 2;
      context.stroke();
    }
  }

  badge(index, order, radius) {
    const { context, colours } = this;
    const { x, y } = this.position(this.points[index]);
    context.beginPath();
    context.arc(x, y, radius + 4.5, 0, 2 * Math.PI);
    context.fillStyle = colours.paper;
    context.fill();
    context.lineWidth = 2;
    context.strokeStyle = colours.accent;
    context.stroke();
    context.font = this.font;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillStyle = colours.ink;
    context.fillText(String(order), x, y + 0.5);
  }
}
