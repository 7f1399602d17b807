# SPDX-License-Identifier: Apache-2.0
# The denial in an AdmissionReview, as kubectl shows it. Any other answer stays as it is.
/"allowed":false/ {
	s/.*"reason":"Forbidden","message":"//
	s/","details":.*//
	s/"}}}$//
	s/\\n/\n/g
	s/\\"/"/g
	s/\\\\/\\/g
}
