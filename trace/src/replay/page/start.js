new Player(JSON.parse(byId("document").textContent));
