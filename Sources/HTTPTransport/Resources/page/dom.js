// Making and changing elements. Text always goes in as text, never as markup.

/** The element with this id. */
export const byId = (id) => document.getElementById(id);

/**
 * Makes an element. `properties`: `class`, `on` (event → listener), `data` (dataset), `style` (custom
 * properties and others, set through the object model), anything else as an attribute; null, undefined
 * and false leave an attribute out, true makes it empty.
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) {
        element.addEventListener(event, listener);
      }
    } else if (name === "data") {
      Object.assign(element.dataset, value);
    } else if (name === "style") {
      for (const [key, entry] of Object.entries(value)) element.style.setProperty(key, entry);
    } else {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Replaces what is in an element. */
export function fill(element, ...children) {
  element.replaceChildren(
    ...children.flat().filter((child) => child !== null && child !== undefined));
}

let tipCount = 0;

/** A "?" that shows an explanation while pointed at or focused; Escape hides it. */
export function tip(label, text) {
  const id = `tip-${(tipCount += 1)}`;
  const bubble = make("span", { id, role: "tooltip", class: "bubble", hidden: true }, text);
  const show = () => {
    bubble.hidden = false;
    bubble.style.setProperty("--shift", "0px");
    const { left, right } = bubble.getBoundingClientRect();
    const room = document.documentElement.clientWidth - 8;
    const shift = right > room ? room - right : left < 8 ? 8 - left : 0;
    bubble.style.setProperty("--shift", `${shift}px`);
  };
  const hide = () => { bubble.hidden = true; };
  const button = make("button", {
    type: "button", class: "tipbutton", "aria-label": label, "aria-describedby": id,
    on: {
      focus: show, blur: hide,
      keydown: (event) => { if (event.key === "Escape") hide(); },
    },
  }, "?");
  return make("span", {
    class: "tip",
    on: {
      pointerenter: show,
      pointerleave: () => { if (document.activeElement !== button) hide(); },
    },
  }, button, bubble);
}

/** Calls `action` once the calls have stopped coming for `wait` milliseconds. */
export function debounce(action, wait) {
  let timer = null;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...values), wait);
  };
}
