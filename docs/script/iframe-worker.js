/* A browser starts no worker for a page that was opened from a folder. The search, which is one,
   runs in a hidden frame there; Material's plugin `offline` asks for this by its name. */
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.ready = new Promise((loaded) => {
        const frame = document.createElement("iframe");
        frame.hidden = true;
        document.body.appendChild(frame);
        this.inside = frame.contentWindow;
        this.inside.importScripts = (...urls) => Promise.all(urls.map((from) => this.load(from)));
        this.inside.postMessage = (data) => {
          const said = new MessageEvent("message", { data });
          this.dispatchEvent(said);
          if (this.onmessage) this.onmessage(said);
        };
        this.load(url).then(loaded);
      });
    }

    load(url) {
      return new Promise((resolve) => {
        const script = this.inside.document.createElement("script");
        script.src = url;
        script.onload = resolve;
        this.inside.document.head.appendChild(script);
      });
    }

    postMessage(data) {
      this.ready.then(() => this.inside.dispatchEvent(new MessageEvent("message", { data })));
    }

    terminate() {}
  };
}
