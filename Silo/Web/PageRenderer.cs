using System.Text;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;

namespace Lakala.Silo.Web;

/// <summary>Turns the components of the pages into HTML; they encode every value that they show.</summary>
internal sealed class PageRenderer(IServiceProvider services, ILoggerFactory logs)
{
    public async Task<IResult> Page<T>(int status, Dictionary<string, object?> parameters)
        where T : IComponent =>
        TypedResults.Content(await Html<T>(parameters), "text/html", Encoding.UTF8, status);

    public async Task<string> Html<T>(Dictionary<string, object?> parameters)
        where T : IComponent
    {
        await using var renderer = new HtmlRenderer(services, logs);
        return await renderer.Dispatcher.InvokeAsync(async () =>
            (await renderer.RenderComponentAsync<T>(ParameterView.FromDictionary(parameters))).ToHtmlString());
    }
}
