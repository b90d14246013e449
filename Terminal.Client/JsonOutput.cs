using Lakala.Terminal.Client.Counters;
using Lakala.Terminal.Client.Journals;

namespace Lakala.Terminal.Client;

/// <summary>For programs: one object at the end, and nothing before.</summary>
internal sealed class JsonOutput(TextWriter output) : CounterOutput
{
    public override bool PrintsEarlier => true;

    public override bool ShowEarlier(SwipeReport earlier) => false;

    public override void ShowBill(SwipePending swipe)
    {
    }

    public override void Show(Report report)
    {
        output.WriteLine(report.ToJson());
        output.Flush();
    }
}
