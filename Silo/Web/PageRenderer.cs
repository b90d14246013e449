using System.Text;
using Lakala.Silo.BillPages;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;

namespace Lakala.Silo.Web;

/// <summary>Turns the components of the pages into HTML; they encode every value that they show.</summary>
internal sealed class PageRenderer(IServiceProvider services, ILoggerFactory logs)
{
    public async Task<IResult> Page<T>(int status, Dictionary<string, object?> parameters)
        where T : IComponent =>
        TypedResults.Content(await Html<T>(parameters), "text/html", Encoding.UTF8, status);

    public async Task<LiveBill> Live(BillShown bill, DateTimeOffset now)
    {
        await using var renderer = new HtmlRenderer(services, logs);
        var parameters = new Dictionary<string, object?> { ["Bill"] = bill };
        return new LiveBill(
            bill.State,
            bill.IsFinal,
            bill.Title,
            await Render<Banner>(renderer, parameters),
            await Render<Details>(renderer, parameters),
            now.ToUnixTimeMilliseconds());
    }

    public async Task<string> Html<T>(Dictionary<string, object?> parameters)
        where T : IComponent
    {
        await using var renderer = new HtmlRenderer(services, logs);
        return await Render<T>(renderer, parameters);
    }

    private static Task<string> Render<T>(HtmlRenderer renderer, Dictionary<string, object?> parameters)
        where T : IComponent =>
        renderer.Dispatcher.InvokeAsync(async () =>
            (await renderer.RenderComponentAsync<T>(ParameterView.FromDictionary(parameters))).ToHtmlString());
}
