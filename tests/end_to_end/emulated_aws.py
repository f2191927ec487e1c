"""The program that the emulator runs: ministack, and what it lacks."""

import load_balancer_gaps
import rest_api_gaps
from ministack.app import main

if __name__ == "__main__":
    rest_api_gaps.close()
    load_balancer_gaps.close()
    main()
