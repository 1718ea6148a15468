// What of the frame is open over the screen: the command palette or the list of keys.

export const opened = $state<{ what: 'palette' | 'keys' | null }>({ what: null });
