// Sets theme and language before the first paint. A file of its own, because inline scripts are forbidden.
(() => {
  let theme = null;
  let locale = null;
  try {
    theme = localStorage.getItem('warmpath.theme');
    locale = localStorage.getItem('warmpath.locale');
  } catch {
    // Storage may be blocked; the system's theme then decides.
  }
  const isDark = matchMedia('(prefers-color-scheme: dark)').matches;
  document.documentElement.dataset.theme =
    theme === 'light' || theme === 'dark' ? theme : isDark ? 'dark' : 'light';
  document.documentElement.lang = locale ?? ((navigator.language || '').startsWith('zh') ? 'zh-CN' : 'en');
})();
