// The article's initialisers as it has them, in C++: they end, or never return.
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <thread>

void lab_effective();

static void nothing() {}

static bool is_set;

// The article's call as written: one thread, and nothing else uses b.
static void nested() {
    static std::once_flag a, b;
    std::call_once(a, [] {
        std::call_once(b, nothing);
        is_set = true;
    });
}

// A flag that its own function enters again.
static void reentrant() {
    static std::once_flag a;
    std::call_once(a, [] { std::call_once(a, nothing); });
}

static std::mutex meeting;
static int inside;

static void cross(std::once_flag &own, std::once_flag &other) {
    std::call_once(own, [&other] {
        for (bool both = false; !both; std::this_thread::yield()) {
            static thread_local bool counted;
            std::lock_guard<std::mutex> held(meeting);
            inside += !counted;
            counted = true;
            both = inside == 2;
        }
        std::call_once(other, nothing);
    });
}

// Two flags, each held by a thread that wants the other; both hold theirs before either asks.
static void crossed() {
    static std::once_flag a, b;
    std::thread one([] { cross(a, b); }), two([] { cross(b, a); });
    one.join();
    two.join();
}

// A mutex that the thread locks again which holds it. The standard leaves undefined what becomes of it.
static void again() {
    static std::mutex a;
    a.lock();
    a.lock();
    is_set = true;
    a.unlock();
    a.unlock();
}

// A second mutex inside the first.
static void two_mutexes() {
    static std::mutex a, b;
    std::lock_guard<std::mutex> outer(a);
    std::lock_guard<std::mutex> inner(b);
    is_set = true;
}

// The mutex that is made to be locked again.
static void recursive() {
    static std::recursive_mutex a;
    std::lock_guard<std::recursive_mutex> outer(a);
    std::lock_guard<std::recursive_mutex> inner(a);
    is_set = true;
}

int main(int count, char **arguments) {
    const std::map<std::string, void (*)()> variants = {
        {"cpp_nested", nested},           {"cpp_reentrant", reentrant},
        {"cpp_crossed", crossed},         {"cpp_mutex", again},
        {"cpp_two_mutexes", two_mutexes}, {"cpp_recursive_mutex", recursive},
    };
    const char flag[] = "-variant=";
    std::string wanted = "cpp_nested";
    for (int i = 1; i < count; i++) {
        if (std::strncmp(arguments[i], flag, sizeof flag - 1) == 0) wanted = arguments[i] + sizeof flag - 1;
    }
    const auto found = variants.find(wanted);
    if (found == variants.end()) {
        std::fprintf(stderr, "once-deadlock: -variant=%s is none that is built as C++\n", wanted.c_str());
        return 2;
    }
    lab_effective();
    found->second();
    return 0;
}
