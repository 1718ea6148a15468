// Where the focus goes when the drawer closes: it may have shown several requests one after the other since it was opened.

let origin: Element | null = null;

/** A drawer has opened. What has the focus inside one is gone with it. */
export function rememberFocus(): void {
  const { activeElement } = document;
  if (
    activeElement !== null &&
    activeElement !== document.body &&
    !activeElement.closest('[role="dialog"]')
  ) {
    origin = activeElement;
  }
}

/** To the row of the request that was shown last, if the list has it, or to where the first one was opened from. */
export function returnFocus(id: string): void {
  // Once the drawer is gone, and has given the focus back to where it was before its own last opening.
  setTimeout(() => {
    const row = [...document.links].find(
      (link) => new URL(link.href).searchParams.get('open') === id && link.offsetParent !== null,
    );
    const target = row ?? origin;
    origin = null;
    if (target instanceof HTMLElement && target.isConnected && !document.querySelector('[role="dialog"]')) {
      target.focus({ preventScroll: true });
    }
  }, FOCUS_DELAY_MS);
}

/** The dialog returns the focus as it leaves, one turn after its state has changed. */
const FOCUS_DELAY_MS = 20;
