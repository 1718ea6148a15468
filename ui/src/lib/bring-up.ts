// Shows what was asked for where it came below the screen: on a phone results stand under what asks for them.

/** From here down a reader would not see that something came. */
const SEEN_SHARE = 0.6;

export function bringUp(element: HTMLElement | undefined): void {
  if (element && element.getBoundingClientRect().top > window.innerHeight * SEEN_SHARE) {
    element.scrollIntoView({ block: 'start' });
  }
}
