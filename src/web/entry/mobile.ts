/** The page for phones: the pad as a phone's, installable. */
import './pad.js';

// Without https there is none, and the page works all the same.
if ('serviceWorker' in navigator) {
  void navigator.serviceWorker.register('/m/service-worker.js').catch(() => undefined);
}

// A code scanned while the page is open already only changes what stands after the #.
addEventListener('hashchange', () => location.reload());
