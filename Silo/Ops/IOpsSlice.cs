namespace Lakala.Silo.Ops;

/// <summary>One thing that operators see or do: its pages, its part of the API and what stands behind both.</summary>
internal interface IOpsSlice
{
    void AddServices(IServiceCollection services)
    {
    }

    void MapPages(PageRoutes pages)
    {
    }

    /// <param name="api">Under <c>/v1/admin</c>.</param>
    void MapApi(RouteGroupBuilder api)
    {
    }
}
