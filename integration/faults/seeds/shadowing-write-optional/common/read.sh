if [ -f local.cfg ]; then cat local.cfg; else cat default.cfg; fi
