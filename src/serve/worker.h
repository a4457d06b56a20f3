// The thread that works out answers, one after the other, while the server goes on listening.
#ifndef LIMPET_SERVE_WORKER_H_
#define LIMPET_SERVE_WORKER_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/file.h"
#include "serve/content.h"

namespace limpet::serve {

class Worker {
 public:
  struct Done {
    uint64_t ticket = 0;
    Answer answer;
    std::chrono::nanoseconds took{0};
  };

  // `content` outlives this.
  explicit Worker(Content* content);
  // Waits for the answer that is being worked out.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // `ticket` names the request in Done.
  void Ask(uint64_t ticket, Request request);
  // Nobody waits for this one any more; it is left out if its turn has not come.
  void Forget(uint64_t ticket);

  // Readable when there are answers.
  int ready_fd() const { return ready_.get(); }
  std::vector<Done> TakeDone();

 private:
  struct Job {
    uint64_t ticket = 0;
    Request request;
  };

  void Run();

  Content* content_;
  base::FileDescriptor ready_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;    // guarded by mutex_
  std::vector<Done> done_;  // guarded by mutex_
  bool stop_ = false;       // guarded by mutex_
  std::thread thread_;
};

}  // namespace limpet::serve

#endif  // LIMPET_SERVE_WORKER_H_
