# A shim for those who run node-gyp by hand: the one list of native sources is
# native/CMakeLists.txt. npm itself runs the "install" script of package.json.
{
  "targets": [{
    "target_name": "mpin", "type": "none",
    "actions": [{
      "action_name": "cmake_js",
      "inputs": ["native/CMakeLists.txt"],
      "outputs": ["build/native/always"],
      "action": ["node", "native/build.mjs"]
    }]
  }]
}
