// Machine reasons such as `admin-cleared` as words; unknown ones stay readable.

export function reasonText(reason: string): string {
  return reason.replaceAll(/[-_]/g, ' ');
}
