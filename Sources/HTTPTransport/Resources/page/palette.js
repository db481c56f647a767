// Colours and shapes of the map's groups: eight colours in three shapes tell 24 groups apart, and colour is
// never the only difference between two neighbours of the legend.

const colours = 8;
export const shapes = ["circle", "square", "triangle"];

/** Most groups that can be told apart. */
export const mostGroups = colours * shapes.length;

/** The look of the group at this place of the legend. */
export const look = (index) => ({
  colour: index % colours, shape: shapes[Math.floor(index / colours) % shapes.length],
});

/** The palette in force: light or dark. */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  const value = (name) => style.getPropertyValue(name).trim();
  return {
    groups: Array.from({ length: colours }, (_, index) => value(`--group-${index}`)),
    ink: value("--ink"), paper: value("--surface"), accent: value("--accent"),
    faint: value("--faint"), line: value("--line"),
  };
}

/** Puts a group's shape around (x, y) into the path of a 2-D context. */
export function trace(context, shape, x, y, radius) {
  context.beginPath();
  if (shape === "square") {
    const half = radius * 0.9;
    context.rect(x - half, y - half, 2 * half, 2 * half);
  } else if (shape === "triangle") {
    const high = radius * 1.25, wide = radius * 1.15;
    context.moveTo(x, y - high);
    context.lineTo(x + wide, y + high * 0.7);
    context.lineTo(x - wide, y + high * 0.7);
    context.closePath();
  } else {
    context.arc(x, y, radius, 0, 2 * Math.PI);
  }
}

const namespace = "http://www.w3.org/2000/svg";

/** The group's sign as a small picture; `ring` draws its outline only. */
export function swatch({ colour, shape }, ring = false) {
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", "0 0 14 14");
  svg.setAttribute("class", `swatch${ring ? " ring" : ""} group-${colour}`);
  svg.setAttribute("aria-hidden", "true");
  const form = document.createElementNS(
    namespace, { circle: "circle", square: "rect", triangle: "path" }[shape]);
  const attributes = {
    circle: { cx: 7, cy: 7, r: 5 }, square: { x: 2.5, y: 2.5, width: 9, height: 9 },
    triangle: { d: "M7 1.5 13 12H1z" },
  }[shape];
  for (const [name, value] of Object.entries(attributes)) form.setAttribute(name, value);
  svg.append(form);
  return svg;
}
