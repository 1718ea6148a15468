// Lets an element float beside its button, over everything: placed, followed while the page moves, closed by Escape and by a press or the focus elsewhere.

import type { Attachment } from 'svelte/attachments';
import { type Align, floatPlace } from './float-place.ts';

interface Floating {
  anchor: () => HTMLElement | null;
  align: Align;
  close: () => void;
}

const TAB_STOPS = 'a[href], button:not(:disabled), input:not(:disabled), select, textarea, [tabindex="0"]';

/** The room that it has is in `--room`, for what scrolls inside. The focus that was inside goes back to the button. */
export function floating({ anchor, align, close }: Floating): Attachment<HTMLElement> {
  return (element) => {
    const button = anchor();
    if (!button) return;
    // A dialog keeps the focus inside of itself; a row takes presses inside of it for its own.
    (button.closest('[role="dialog"]') ?? document.body).append(element);
    element.popover = 'manual';
    element.showPopover();
    const place = () => {
      if (button.isConnected) placeBeside(element, button, align);
      else close();
    };
    const follow = ({ target }: Event) => {
      if (!(target instanceof Node && element.contains(target))) place();
    };
    const goOutside = ({ target }: Event) => {
      const isInside = target instanceof Node && (element.contains(target) || button.contains(target));
      if (!isInside) close();
    };
    const press = (event: KeyboardEvent) => {
      if (event.key === 'Tab') keepFocus(event, element);
      if (event.key !== 'Escape') return;
      event.preventDefault();
      // The dialog around stays open.
      event.stopPropagation();
      close();
    };
    place();
    const letGo = keepFocusInside(element);
    const resized = new ResizeObserver(place);
    resized.observe(element);
    element.addEventListener('keydown', press);
    document.addEventListener('pointerdown', goOutside, true);
    document.addEventListener('focusin', goOutside);
    window.addEventListener('resize', place);
    document.addEventListener('scroll', follow, { capture: true, passive: true });
    return () => {
      letGo();
      resized.disconnect();
      document.removeEventListener('pointerdown', goOutside, true);
      document.removeEventListener('focusin', goOutside);
      window.removeEventListener('resize', place);
      document.removeEventListener('scroll', follow, true);
      // Whoever takes away what is around the button does not find it where it was put.
      element.remove();
      if (document.activeElement === document.body) button.focus({ preventScroll: true });
    };
  };
}

function placeBeside(element: HTMLElement, button: HTMLElement, align: Align): void {
  const view = { width: document.documentElement.clientWidth, height: window.innerHeight };
  // What it would like to have shows only without a limit.
  element.style.setProperty('--room', '100vh');
  const size = { width: element.offsetWidth, height: element.offsetHeight };
  const { left, top, room } = floatPlace(button.getBoundingClientRect(), size, view, align);
  element.style.setProperty('--room', `${room}px`);
  element.style.inset = `${top}px auto auto ${left}px`;
}

/** What has the focus may move, go or be disabled; on the page itself, keys would reach nothing of it. Returns how to end that. */
function keepFocusInside(element: HTMLElement): () => void {
  let last: HTMLElement = element;
  const note = ({ target }: FocusEvent) => {
    if (target instanceof HTMLElement) last = target;
  };
  const changed = new MutationObserver(() => {
    const { activeElement } = document;
    const isLost = activeElement === document.body || activeElement?.matches(':disabled');
    if (!isLost) return;
    const isThere = element.contains(last) && !last.matches(':disabled');
    (isThere ? last : element).focus({ preventScroll: true });
  });
  element.addEventListener('focusin', note);
  changed.observe(element, { childList: true, subtree: true, attributeFilter: ['disabled'] });
  return () => changed.disconnect();
}

/** Tab goes round inside, as in a dialog. A list of actions has its own way. */
function keepFocus(event: KeyboardEvent, element: HTMLElement): void {
  if (element.role === 'menu') return;
  const stops = [...element.querySelectorAll<HTMLElement>(TAB_STOPS)].filter((stop) =>
    stop.checkVisibility(),
  );
  const [first, last] = [stops[0], stops.at(-1)];
  const edge = event.shiftKey ? first : last;
  if (document.activeElement === edge || document.activeElement === element) {
    event.preventDefault();
    (event.shiftKey ? last : first)?.focus();
  }
  event.stopPropagation();
}
