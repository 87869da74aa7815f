// The page as a widget: the leaves' numbers are shared with Python, as text, which has nan and inf.
export default {
  render({ model, el }) {
    const host = el.appendChild(document.createElement("div"));
    host.style.height = "640px";
    host.setAttribute("data-lm-suppress-shortcuts", "true"); // JupyterLab's would act on a key pressed here
    const explorer = openExplorer(host, graph, rules, style);
    const follow = () => explorer.set(model.get("leaves").map(parsed));
    explorer.listen((numbers) => {
      model.set("leaves", numbers.map(exact));
      model.save_changes();
    });
    model.on("change:leaves", follow);
    follow();
    return () => {
      model.off("change:leaves", follow);
      explorer.close();
    };
  },
};
