export class Study {
  constructor(root) {
    root.textContent = "…";
  }
}
