# shellcheck shell=sh
# Starts vLLM in the image for Ascend, whose environment stands in ~/.bashrc, which only a person's shell reads.
# Run by the image's bash, since Ascend's own scripts are written for that; named set_env.sh and lines as in vllm-ascend's
# Dockerfile, v0.23.0.
environment() {
  for script in ascend-toolkit/set_env.sh nnal/atb/set_env.sh; do
    # shellcheck source=/dev/null
    . "/usr/local/Ascend/$script"
  done
  export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-}:/usr/local/lib"
}

# In a function without arguments: those scripts would take vLLM's for their own.
environment
exec vllm serve "$@"
