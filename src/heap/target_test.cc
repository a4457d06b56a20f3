#include "heap/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "heap/drawn_program.h"

namespace limpet::heap {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class TargetTest : public testing::Test {
 protected:
  TargetTest() {
    program_.Put(main_, "SESSIONS", sessions_);
    program_.Put(sessions_, "u1", session_);
    program_.Set(session_, "items", list_);
    program_.Append(list_, program_.New("int"));
    program_.Append(list_, item_);
    program_.Put(nested_, "X", other_);
    const NodeId number = program_.New("int");
    program_.builder().SetText(number, "42");
    program_.PutObject(sessions_, number, other_);
    program_.builder().SetAddress(item_, 0x7f0012345670);
    graph_ = program_.Finish();
  }
  Target Find(std::string_view text) { return FindTarget(graph_, text); }
  std::vector<NodeId> Nodes(std::string_view text) { return Find(text).nodes; }

  DrawnProgram program_;
  NodeId main_ = program_.Module("__main__"), nested_ = program_.Module("shop.stock");
  NodeId sessions_ = program_.Dict(), session_ = program_.New("app.Session"), list_ = program_.New("list");
  NodeId item_ = program_.New("app.Item"), other_ = program_.New("other.Session");
  Graph graph_;
};

TEST_F(TargetTest, TypesAreFoundByWholeNameAndByLastPart) {
  EXPECT_THAT(Nodes("app.Session"), ElementsAre(session_));
  EXPECT_THAT(Nodes("Item"), ElementsAre(item_));
  EXPECT_EQ(Find("Item").name, "app.Item");
}

TEST_F(TargetTest, AmbiguousNamesAreNotGuessed) {
  const Target target = Find("Session");
  EXPECT_EQ(target.kind, TargetKind::kNothing);
  EXPECT_THAT(target.problem, HasSubstr("several"));
  EXPECT_THAT(target.similar, ElementsAre("app.Session", "other.Session"));
}

TEST_F(TargetTest, PathsLeadThroughModulesAttributesKeysAndIndices) {
  EXPECT_THAT(Nodes("__main__.SESSIONS"), ElementsAre(sessions_));
  EXPECT_THAT(Nodes("__main__.SESSIONS['u1']"), ElementsAre(session_));
  EXPECT_THAT(Nodes("__main__.SESSIONS[\"u1\"].items[1]"), ElementsAre(item_));
  EXPECT_THAT(Nodes("__main__.SESSIONS[42]"), ElementsAre(other_));
  EXPECT_THAT(Nodes("shop.stock.X"), ElementsAre(other_));
  EXPECT_THAT(Nodes("sys.modules['shop.stock'].X"), ElementsAre(other_));
}

TEST_F(TargetTest, AScriptMayBeCalledByItsFile) { EXPECT_THAT(Nodes("app.SESSIONS['u1']"), ElementsAre(session_)); }

TEST_F(TargetTest, AModuleThatWasLeftOutIsTold) {
  EXPECT_EQ(Find("SESSIONS['u1']").kind, TargetKind::kNothing);
  EXPECT_THAT(Find("SESSIONS['u1']").similar, ElementsAre("__main__.SESSIONS['u1']"));
  EXPECT_THAT(Find("SESSIONS").similar, ElementsAre("__main__.SESSIONS"));
}

TEST_F(TargetTest, AddressesAreFound) {
  EXPECT_THAT(Nodes("0x7f0012345670"), ElementsAre(item_));
  EXPECT_THAT(Find("0x10").problem, HasSubstr("no object is at 0x10"));
  EXPECT_THAT(Find("0xzz").problem, HasSubstr("no address"));
}

TEST_F(TargetTest, MisspellingsAreTold) {
  EXPECT_THAT(Find("Itme").similar, ElementsAre("app.Item"));
  EXPECT_THAT(Find("__main__.SESIONS").similar, ElementsAre("__main__.SESSIONS"));
  EXPECT_THAT(Find("__main__.SESIONS").problem, HasSubstr("module __main__ has no .SESIONS"));
  EXPECT_THAT(Find("__main__.SESSIONS['nobody']").problem, HasSubstr("dict has no ['nobody']"));
  EXPECT_THAT(Find("qqqqqqqq").similar, IsEmpty());
}

TEST_F(TargetTest, NonsenseIsNothing) {
  for (const char* text : {"", ".", "a.", "a[", "a['", "a[']", "[1]", "a..b", "__main__.SESSIONS[", "0x", "a]"})
    EXPECT_EQ(Find(text).kind, TargetKind::kNothing) << text;
}

}  // namespace
}  // namespace limpet::heap
